#include "net/frame_session.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "base/framed_session.hpp"

namespace scaler::net {
namespace {

constexpr std::size_t length_bytes = 8;

class FrameSession final : public FramedSession {
 public:
  explicit FrameSession(std::uint64_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}

  void send(Bytes payload) override {
    std::array<std::byte, length_bytes> header;
    store_le64(header.data(), payload.size());
    queue_.push(WriteQueue::Kind::message, header, std::move(payload));
  }
  void send_joined(Bytes begin, Bytes rest) override {
    std::array<std::byte, length_bytes> header;
    store_le64(header.data(), begin.size() + rest.size());
    queue_.push(WriteQueue::Kind::message, header, std::move(begin));
    queue_.push(WriteQueue::Kind::message, {}, std::move(rest));
  }
  std::size_t queued_bytes() const override { return queue_.message_bytes(); }

 private:
  Parsed parse() override {
    if (!length_) {
      if (reader_.unread().size() < length_bytes) return nothing_yet();
      length_ = load_le64(reader_.unread().data());
      if (*length_ > frame_bytes_max_)
        return Error{Errc::too_large, fmt::format("a frame of {} bytes, the limit is {}", *length_,
                                                  frame_bytes_max_)};
      reader_.consume(length_bytes);
    }
    auto body = reader_.take_body(*length_);
    if (!body) return nothing_yet();
    length_.reset();
    return event(MessageReceived{std::move(*body)});
  }

  const std::uint64_t frame_bytes_max_;
  std::optional<std::uint64_t> length_;  // of the frame on its way
};

}  // namespace

std::unique_ptr<Session> make_frame_session(std::uint64_t frame_bytes_max) {
  return std::make_unique<FrameSession>(frame_bytes_max);
}

}  // namespace scaler::net
