#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/roles/roles.hpp"
#include "scaler/view/answers.hpp"
#include "scaler/wire/codec.hpp"
#include "scaler/wire/inquiry.hpp"

namespace scaler::roles {
namespace {

using config::Inquiry;

constexpr Duration head_start = 700ms;  // of the question, before the monitor stream is listened to
constexpr Duration handshake_patience = 1s;
constexpr unsigned attempts_most = 3;
constexpr std::uint16_t monitor_distance = 2;  // between a scheduler's port and its monitor's

wire::Question question_of(const config::InquiryOptions& options) {
  wire::Question question;
  question.kind = static_cast<wire::QuestionKind>(options.about);
  question.form = options.json ? wire::AnswerForm::json : wire::AnswerForm::text;
  question.subject = options.subject;
  question.state = options.state;
  question.client = options.client;
  question.worker = options.worker;
  question.limit = static_cast<std::uint32_t>(options.limit);
  return question;
}

// Asks a scheduler of ours, which answers. What a monitor stream tells too is taken from there when
// no answer comes: any scheduler publishes one, and the address may be the monitor's itself.
class Asking {
 public:
  Asking(net::Loop& loop, const config::InquiryOptions& options)
      : loop_(loop),
        options_(options),
        limit_(loop, [this] { give_up(); }),
        head_start_(loop, [this] { listen(); }) {
    limit_.start(std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(options.timeout_seconds)));
    if (has_stream()) head_start_.start(head_start);
    question_ = std::make_unique<Line>(*this, options.address, SocketType::dealer);
    question_->send(
        wire::encode(wire::Message(wire::InformationRequest{wire::encode(question_of(options))})));
  }

  Result<std::string> take() { return std::move(*outcome_); }

 private:
  // One connection, to ask or to listen.
  class Line : public net::DealerEvents {
   public:
    Line(Asking& asking, const Address& address, SocketType type)
        : asking_(asking), dealer_(asking.loop_, options(address, type), *this) {}
    void send(Bytes payload) { dealer_.send(std::move(payload)); }
    bool was_connected() const { return was_connected_; }
    unsigned failures() const { return failures_; }

   private:
    static net::DealerOptions options(const Address& address, SocketType type) {
      net::DealerOptions options;
      options.address = address;
      options.socket_type = type;
      options.identity = fmt::format("Operator|{}", Random::from_system().hex(32));
      options.tries_both_protocols = true;
      options.handshake_patience = handshake_patience;
      return options;
    }
    void on_connected() override { was_connected_ = true; }
    void on_message(Bytes payload) override { asking_.on_message(std::move(payload)); }
    void on_disconnected(std::string_view why) override {
      ++failures_;
      asking_.on_disconnected(why);
    }

    Asking& asking_;
    bool was_connected_ = false;
    unsigned failures_ = 0;
    net::Dealer dealer_;
  };

  bool has_stream() const {
    return options_.about == Inquiry::status || options_.about == Inquiry::workers;
  }

  void listen() {
    head_start_.stop();
    if (stream_ || outcome_) return;
    stream_ = std::make_unique<Line>(*this, options_.address, SocketType::sub);
    Address beside = options_.address;
    if (!beside.has_port() || beside.port > 65535 - monitor_distance) return;
    beside.port = static_cast<std::uint16_t>(beside.port + monitor_distance);
    stream_beside_ = std::make_unique<Line>(*this, beside, SocketType::sub);
  }

  void on_message(Bytes payload) {
    auto message = wire::decode(payload);
    if (!message || outcome_) return;
    if (const auto* response = std::get_if<wire::InformationResponse>(&*message)) {
      auto answer = wire::decode_answer(response->response);
      if (!answer) return;
      std::string text = view::shown_answer(answer->text);
      if (answer->understood) return finish(std::move(text));
      return finish(Error{Errc::not_found, std::move(text)});
    }
    const auto* status = std::get_if<wire::StateScheduler>(&*message);
    if (status == nullptr || !has_stream()) return;
    const view::Form form = options_.json ? view::Form::json : view::Form::text;
    finish(options_.about == Inquiry::status ? view::status_answer(*status, form)
                                             : view::workers_answer(*status, {}, form));
  }

  void on_disconnected(std::string_view why) {
    // The question is asked before the ports beside it are tried: its failure is the one to tell.
    if (last_failure_.empty()) last_failure_ = why;
    if (has_stream()) listen();
    const bool dead = question_ && question_->failures() >= attempts_most &&
                      !question_->was_connected() && is_dead(stream_) && is_dead(stream_beside_);
    if (dead) give_up();
  }
  static bool is_dead(const std::unique_ptr<Line>& line) {
    return !line || (line->failures() >= attempts_most && !line->was_connected());
  }

  void give_up() {
    if (outcome_) return;
    const std::string address = options_.address.to_string();
    const bool reached = question_ && question_->was_connected();
    if (!reached)
      return finish(Error{Errc::unavailable,
                          fmt::format("no scheduler answers at {}: {}", address,
                                      last_failure_.empty() ? "no answer" : last_failure_)});
    finish(Error{Errc::unavailable,
                 fmt::format("{} does not answer within {} s; only this program's scheduler knows "
                             "such questions",
                             address, options_.timeout_seconds)});
  }

  void finish(Result<std::string> outcome) {
    outcome_ = std::move(outcome);
    loop_.stop();
  }

  net::Loop& loop_;
  const config::InquiryOptions& options_;
  std::optional<Result<std::string>> outcome_;
  std::string last_failure_;
  net::Timer limit_;
  net::Timer head_start_;
  std::unique_ptr<Line> question_;
  std::unique_ptr<Line> stream_;
  std::unique_ptr<Line> stream_beside_;
};

}  // namespace

Result<std::string> ask_scheduler(const config::InquiryOptions& options) {
  log::set_level(log::Level::critical);  // attempts that fail are part of asking
  net::Loop loop;
  Asking asking(loop, options);
  loop.run();
  return asking.take();
}

}  // namespace scaler::roles
