#include "scaler/zmtp/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/framed_session.hpp"
#include "base/printable.hpp"
#include "zmtp/command.hpp"
#include "zmtp/frame.hpp"
#include "zmtp/greeting.hpp"
#include "zmtp/null_mechanism.hpp"

namespace scaler::zmtp {
namespace {

constexpr std::size_t ping_ttl_bytes = 2;
constexpr std::size_t ping_context_bytes_max =
    16;  // RFC 37; libzmq cuts a longer one, and so do we
// A peer that sends PING and reads no PONG gets no more of them than this.
constexpr std::size_t pong_backlog_bytes_max = 4096;

std::byte first_byte_of(ByteView message) { return message.empty() ? std::byte{0xff} : message[0]; }

class ZmtpSession final : public FramedSession {
 public:
  explicit ZmtpSession(Options options)
      : options_(std::move(options)),
        mechanism_(options_),
        decoder_(options_.local == SocketType::pub
                     ? std::min(options_.limits.frame_bytes_max, command_bytes_max)
                     : options_.limits.frame_bytes_max) {
    SCALER_ASSERT(options_.identity.size() <= 255, "a ZMTP identity has at most 255 bytes");
    const auto greeting = make_greeting(NullMechanism::name, options_.identity.size());
    queue_.push(WriteQueue::Kind::control, {}, Bytes::copy_of(greeting));
  }

  void send(Bytes payload) override {
    SCALER_ASSERT(options_.local != SocketType::sub, "a subscriber has nothing to send");
    if (phase_ != Phase::greeting) return push_message(std::move(payload));
    held_bytes_ += make_frame_header({}, payload.size()).size + payload.size();
    held_.push_back(std::move(payload));
  }

  std::size_t queued_bytes() const override { return held_bytes_ + queue_.message_bytes(); }

 private:
  enum class Phase : std::uint8_t {
    greeting,   // only our greeting is out; libzmq 4.3.5 falls silent if READY comes too early
    handshake,  // both greetings are there, our READY and what was held are on their way
    traffic,    // the peer's READY was good
  };

  Parsed parse() override {
    if (phase_ == Phase::greeting) {
      SCALER_CHECK(read_greeting());
      if (phase_ == Phase::greeting) return nothing_yet();
    }
    while (true) {
      SCALER_TRY(frame, decoder_.next(reader_));
      if (!frame) return nothing_yet();
      SCALER_TRY(found, on_frame(std::move(*frame)));
      if (found) return event(std::move(*found));
    }
  }

  Status read_greeting() {
    const ByteView seen = reader_.unread();
    SCALER_CHECK(check_greeting_start(seen));
    if (seen.size() < greeting_bytes) return ok();
    const Greeting theirs = parse_greeting(seen.first<greeting_bytes>());
    if (theirs.mechanism != NullMechanism::name)
      return Error{Errc::protocol,
                   fmt::format("the peer wants the security mechanism \"{}\", we "
                               "offer \"{}\"",
                               printable(as_bytes(theirs.mechanism)), NullMechanism::name)};
    reader_.consume(greeting_bytes);
    phase_ = Phase::handshake;
    push_command(mechanism_.first_command());
    if (options_.local == SocketType::sub) subscribe_to_everything(theirs);
    for (Bytes& payload : held_) push_message(std::move(payload));
    held_ = {};
    held_bytes_ = 0;
    return ok();
  }

  // 3.1 has a command for it; a 3.0 publisher expects a message that begins with 1.
  void subscribe_to_everything(const Greeting& theirs) {
    if (theirs.major > 3 || theirs.minor >= 1)
      push_command(make_command("SUBSCRIBE", {}));
    else
      push(WriteQueue::Kind::control, {}, Bytes::copy_of("\x01"));
  }

  Parsed on_frame(Frame frame) {
    switch (frame.kind) {
      case FrameKind::message:
        return on_message(std::move(frame.body));
      case FrameKind::multipart:
        return event(MessageIgnored{"a message in several parts"});
      case FrameKind::command:
        break;
    }
    SCALER_TRY(command, parse_command(frame.body));
    return phase_ == Phase::handshake ? on_handshake(command) : on_command(command);
  }

  Parsed on_handshake(const Command& command) {
    SCALER_TRY(ready, mechanism_.on_command(command));
    if (!ready) return nothing_yet();
    phase_ = Phase::traffic;
    decoder_.allow_messages();
    return event(std::move(*ready));
  }

  Parsed on_message(Bytes body) {
    if (options_.local != SocketType::pub) return event(MessageReceived{std::move(body)});
    // Below 3.1 a subscription is a message, and libzmq accepts that form of any peer.
    if (first_byte_of(body) == std::byte{1}) return subscription(body.view().subspan(1));
    if (first_byte_of(body) == std::byte{0}) return cancellation(body.view().subspan(1));
    return event(MessageIgnored{"a message to a publisher that is not a subscription"});
  }

  Parsed on_command(const Command& command) {
    const bool publisher = options_.local == SocketType::pub;
    if (publisher && command.name == "SUBSCRIBE") return subscription(command.data);
    if (publisher && command.name == "CANCEL") return cancellation(command.data);
    if (command.name == "PING") return on_ping(command.data);
    if (command.name == "ERROR")
      return Error{Errc::protocol, "the peer reports: " + error_reason_of(command.data)};
    if (command.name == "READY") return Error{Errc::protocol, "a second READY from the peer"};
    return nothing_yet();  // PONG, and what newer peers may say
  }

  static Parsed subscription(ByteView topic) {
    return event(TopicSubscribed{Bytes::copy_of(topic)});
  }
  static Parsed cancellation(ByteView topic) {
    return event(TopicUnsubscribed{Bytes::copy_of(topic)});
  }

  Parsed on_ping(ByteView data) {
    if (data.size() < ping_ttl_bytes) return Error{Errc::protocol, "a PING without a TTL"};
    const ByteView context = data.subspan(ping_ttl_bytes);
    if (queue_.control_bytes() < pong_backlog_bytes_max)
      push_command(
          make_command("PONG", context.first(std::min(context.size(), ping_context_bytes_max))));
    return nothing_yet();
  }

  void push_message(Bytes payload) { push(WriteQueue::Kind::message, {}, std::move(payload)); }
  void push_command(Bytes body) { push(WriteQueue::Kind::control, flag::command, std::move(body)); }
  void push(WriteQueue::Kind kind, std::byte flags, Bytes body) {
    const FrameHeader header = make_frame_header(flags, body.size());
    queue_.push(kind, header.view(), std::move(body));
  }

  const Options options_;
  const NullMechanism mechanism_;
  FrameDecoder decoder_;
  Phase phase_ = Phase::greeting;
  std::vector<Bytes> held_;  // sent before the peer has greeted
  std::size_t held_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Session> make_session(Options options) {
  return std::make_unique<ZmtpSession>(std::move(options));
}

}  // namespace scaler::zmtp
