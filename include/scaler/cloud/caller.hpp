#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/cloud/credentials.hpp"
#include "scaler/cloud/request.hpp"

namespace scaler::cloud {

// One operation of a service, with all that its request says.
struct ApiCall {
  Service service = Service::ecs;
  std::string operation;  // "RunTask"
  std::string body;       // JSON for ECS, a form for the others
  // Tries before it is given up; 0: for ever. Only failures that may pass are tried again.
  unsigned tries = 8;
};
using Ticket = std::uint64_t;

struct ApiFailure {
  bool is_refusal = false;  // the service says no, for good; else it could not be reached
  std::string code;         // "AccessDeniedException"; of a refusal
  std::string text;         // one line that names the operation
};
struct ApiOutcome {
  Ticket ticket = 0;
  std::variant<std::string, ApiFailure> result;  // the body of the answer

  const std::string* body() const { return std::get_if<std::string>(&result); }
  const ApiFailure* failure() const { return std::get_if<ApiFailure>(&result); }
};

// An HTTP exchange that the owner performs, within its patience.
struct HttpOrder {
  std::uint64_t id = 0;
  HttpRequest request;
  Duration patience{};
};

struct CallerOptions {
  std::string region = "us-east-1";
  CredentialChain::Given given = {};
  std::uint64_t random_seed = 1;
  Duration patience = 20s;  // for one answer
};

// Signs operations, has them sent, and tries again what may pass: throttling, the service's own
// failures, silence. Later each time, with jitter. Pure: orders out, answers in.
class ApiCaller {
 public:
  // The error says which variable names a wrong address, or that the region is none.
  static Result<ApiCaller> make(CallerOptions options, const Surroundings& machine);

  Ticket call(ApiCall call);
  void advance(Moment at);  // after calls, answers and at deadlines: sends what is due
  void on_answer(std::uint64_t order, const Result<HttpResponse>& answer, Moment at);

  std::vector<HttpOrder> take_orders() { return std::exchange(orders_, {}); }
  std::vector<ApiOutcome> take_outcomes() { return std::exchange(outcomes_, {}); }
  std::optional<TimePoint> next_deadline() const;

 private:
  struct Pending {
    ApiCall call;
    unsigned failures = 0;
    bool was_renewed = false;      // its credentials
    std::optional<TimePoint> due;  // waits; else it waits for its turn, or is under way
    std::uint64_t order = 0;       // under way
  };

  ApiCaller(CallerOptions options, const Surroundings& machine, std::vector<Endpoint> endpoints);
  HttpRequest request_of(const ApiCall& call, const Credentials& credentials,
                         std::int64_t utc) const;
  void send_question();
  void on_failure(Ticket ticket, ApiFailure failure, bool may_pass, Moment at);
  void end(Ticket ticket, std::variant<std::string, ApiFailure> result);

  CallerOptions options_;
  std::vector<Endpoint> endpoints_;  // by service
  CredentialChain credentials_;
  Random random_;
  std::map<Ticket, Pending> pending_;
  std::map<std::uint64_t, Ticket> under_way_;  // by order
  std::uint64_t question_order_ = 0;           // 0: none
  std::uint64_t last_number_ = 0;
  std::vector<HttpOrder> orders_;
  std::vector<ApiOutcome> outcomes_;
  log::RateLimit complaints_{3, 10s};
};

// The code and the words of an error answer, of either form, as far as they can be found.
std::pair<std::string, std::string> error_in(Service service, std::string_view body);

// "a=b&c=d" with everything escaped that needs it.
class Form {
 public:
  explicit Form(Service service, std::string_view operation);
  Form& add(std::string_view name, std::string_view value);
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace scaler::cloud
