#include "scaler/ymq/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/framed_session.hpp"
#include "base/printable.hpp"

namespace scaler::ymq {
namespace {

constexpr std::array magic = {std::byte{'Y'}, std::byte{'M'}, std::byte{'Q'}, std::byte{1}};
constexpr std::size_t length_bytes = 8;

std::array<std::byte, length_bytes> header_of(std::size_t body_bytes) {
  std::array<std::byte, length_bytes> header{};
  store_le64(header.data(), body_bytes);
  return header;
}

class YmqSession final : public FramedSession {
 public:
  explicit YmqSession(Options options)
      : limits_(options.limits),
        step_(options.dialect == Dialect::magic ? Step::start : Step::length) {
    if (options.dialect == Dialect::magic) queue_.push(WriteQueue::Kind::control, magic, {});
    queue_.push(WriteQueue::Kind::control, header_of(options.identity.size()), options.identity);
  }

  void send(Bytes payload) override {
    const auto header = header_of(payload.size());
    queue_.push(WriteQueue::Kind::message, header, std::move(payload));
  }

  std::size_t queued_bytes() const override { return queue_.message_bytes(); }

 private:
  enum class Step : std::uint8_t { start, length, body };

  Parsed parse() override {
    if (step_ == Step::start) {
      SCALER_CHECK(read_magic());
      if (step_ == Step::start) return nothing_yet();
    }
    if (step_ == Step::length) {
      SCALER_CHECK(read_length());
      if (step_ == Step::length) return nothing_yet();
    }
    auto body = reader_.take_body(length_);
    if (!body) return nothing_yet();
    step_ = Step::length;
    if (std::exchange(identified_, true)) return event(MessageReceived{std::move(*body)});
    return event(PeerReady{std::move(*body), std::nullopt, false});
  }

  // A wrong first byte is refused at once: what sent it may never send four.
  Status read_magic() {
    const ByteView seen = reader_.unread().first(std::min(magic.size(), reader_.unread().size()));
    if (!equal(seen, ByteView(magic).first(seen.size())))
      return Error{Errc::protocol, fmt::format("not a YMQ peer: expected \"{}\", got \"{}\"",
                                               printable(magic), printable(seen))};
    if (seen.size() < magic.size()) return ok();
    reader_.consume(magic.size());
    step_ = Step::length;
    return ok();
  }

  Status read_length() {
    if (reader_.unread().size() < length_bytes) return ok();
    length_ = load_le64(reader_.unread().data());
    const std::uint64_t limit = identified_ ? limits_.frame_bytes_max : limits_.identity_bytes_max;
    if (length_ > limit)
      return Error{Errc::too_large,
                   fmt::format("{} of {} bytes, the limit is {}",
                               identified_ ? "a message" : "an identity", length_, limit)};
    reader_.consume(length_bytes);
    step_ = Step::body;
    return ok();
  }

  const SessionLimits limits_;
  std::uint64_t length_ = 0;
  Step step_;
  bool identified_ = false;
};

}  // namespace

std::unique_ptr<Session> make_session(Options options) {
  return std::make_unique<YmqSession>(std::move(options));
}

}  // namespace scaler::ymq
