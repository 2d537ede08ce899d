#pragma once

#include <optional>
#include <string>

#include "scaler/cloud/signer.hpp"

namespace scaler::cloud {

// What may be asked of the machine's surroundings for credentials: an HTTP request without a
// signature, that is answered quickly or not at all.
struct CredentialQuestion {
  HttpRequest request;
  Duration patience = 2s;
};

// Finds credentials where AWS's own tools do, in this order: those given as options, the
// environment, the shared files with their profiles, the container's endpoint, the instance's
// metadata service (version 2). Those with an expiry date are asked for again before it. Pure: the
// owner asks its questions and says the answers, one at a time.
class CredentialChain {
 public:
  struct Given {
    std::string key_id;
    std::string secret;
  };
  CredentialChain(Given given, Surroundings machine);

  // Valid ones, if there are any now. Near their end, others are on their way.
  const Credentials* current(Moment at);
  // The service has refused them: look again.
  void distrust();

  std::optional<CredentialQuestion> take_question();
  void on_answer(const Result<HttpResponse>& answer, Moment at);

  // Nowhere were any to be had: what to do about it, in one line. Looks again when asked for
  // current() a while later.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  enum class Step : std::uint8_t { idle, container, metadata_token, metadata_role, metadata_keys };

  void look(Moment at);
  bool look_near();  // options, environment, files
  bool take_profile(const std::string& path, bool is_config);
  bool begin_container();
  void begin_metadata();
  void ask(Step step, std::string method, std::string path, std::vector<Header> headers);
  void take_keys(const HttpResponse& answer, Moment at);
  void fail(std::string text, Moment at);

  Given given_;
  Surroundings machine_;
  std::optional<Credentials> found_;
  std::optional<Error> failure_;
  std::optional<TimePoint> retry_at_;
  Step step_ = Step::idle;
  std::optional<CredentialQuestion> question_;
  Endpoint endpoint_;  // of the container or the metadata service
  std::string metadata_token_;
  std::string note_;  // what is wrong with a source that was there
};

// "2026-11-22T12:00:00Z" as seconds since 1970.
std::optional<std::int64_t> parse_utc(std::string_view text);

}  // namespace scaler::cloud
