#include "scaler/net/channel.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "net/connection.hpp"
#include "net/frame_session.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::net {
namespace {

// Both ends are our own program; this only stops a stray descriptor from being read as a length.
constexpr std::uint64_t frame_bytes_max = std::uint64_t{1} << 40;

Descriptor nonblocking(int number) {
  Descriptor descriptor(number);
  const int flags = fcntl(number, F_GETFL);
  const bool set = flags >= 0 && fcntl(number, F_SETFL, flags | O_NONBLOCK) == 0;
  SCALER_ASSERT(set, text_of_errno(errno));
  return descriptor;
}

}  // namespace

struct Channel::Impl final : ConnectionOwner {
  Impl(Loop& loop, int descriptor, Events to)
      : events(std::move(to)),
        connection(std::make_unique<Connection>(loop, nonblocking(descriptor), PeerId{}, *this,
                                                traffic, make_frame_session(frame_bytes_max))) {}

  Result<std::unique_ptr<Session>> on_first_bytes(PeerId, ByteView) override {
    return std::unique_ptr<Session>();  // never asked: there is a session from the beginning
  }

  void on_event(PeerId, SessionEvent event) override {
    auto* message = std::get_if<MessageReceived>(&event);
    SCALER_ASSERT(message, "a frame session says nothing else");
    auto running = std::move(events.on_frame);
    const Lifetime::Watch alive(lifetime);
    running(std::move(message->payload));
    if (alive) events.on_frame = std::move(running);
  }

  void on_end(PeerId, const End& end) override {
    const std::string why = end.why;
    const auto gone = std::move(connection);
    const auto on_ended = std::move(events.on_end);
    if (on_ended) on_ended(why);
  }

  Events events;
  Traffic traffic;
  Lifetime lifetime;
  std::unique_ptr<Connection> connection;  // null after the end
};

Channel::Channel(Loop& loop, int descriptor, Events events)
    : impl_(std::make_unique<Impl>(loop, descriptor, std::move(events))) {}
Channel::~Channel() = default;

void Channel::send(Bytes frame) {
  if (impl_->connection) impl_->connection->send(std::move(frame));
}

void Channel::send(Bytes begin, Bytes rest) {
  if (impl_->connection) impl_->connection->send(std::move(begin), std::move(rest));
}

void Channel::send_with_file(Bytes frame, Bytes file) {
  if (impl_->connection) impl_->connection->send_with_file(std::move(frame), std::move(file));
}

std::size_t Channel::queued_bytes() const {
  return impl_->connection ? impl_->connection->queued_bytes() : 0;
}

}  // namespace scaler::net
