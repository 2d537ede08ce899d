#include "net/connector.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace scaler::net {
namespace {

// TCP lets a socket meet itself when the system gives it the very port it looks for, on this
// machine and with nobody listening. It would hold that port against the real listener.
bool is_connected_to_itself(int socket) {
  const SocketAddress own = local_address(socket);
  if (own.family() == AF_UNIX) return false;
  SocketAddress peer;
  socklen_t length = sizeof peer.local;
  return ::getpeername(socket, &peer.any, &length) == 0 && length == own.length &&
         std::memcmp(&own.any, &peer.any, length) == 0;
}

}  // namespace

Connector::Connector(Loop& loop, const Address& address, Duration patience, Done done)
    : loop_(loop),
      address_(address),
      patience_(patience),
      done_(std::move(done)),
      timer_(loop, [this] { failed("no answer"); }),
      begin_job_(loop, Job::When::next_turn, [this] { begin(); }) {
  begin_job_.schedule();
}

void Connector::begin() {
  if (auto known = without_lookup(address_, Purpose::connect)) {
    candidates_ = std::move(*known);
    return try_next();
  }
  lookup_.emplace(loop_, address_, [this](Result<SocketAddresses> found) {
    if (!found) return finish(std::move(found.error()));
    candidates_ = std::move(*found);
    try_next();
  });
}

void Connector::try_next() {
  while (next_candidate_ < candidates_.size()) {
    const SocketAddress& where = candidates_[next_candidate_++];
    auto socket = open_stream(where.family());
    if (!socket) {
      last_failure_ = socket.error().text;
      continue;
    }
    if (::connect(socket->get(), &where.any, where.length) != 0 && errno != EINPROGRESS) {
      last_failure_ = text_of_errno(errno);
      continue;
    }
    socket_ = std::move(*socket);
    timer_.start(patience_);
    poll_.emplace(loop_, socket_.get(), [this](int, int) { settled(); });
    return poll_->set(UV_WRITABLE);
  }
  finish(Error{Errc::unavailable,
               fmt::format("cannot connect to {}: {}", address_.to_string(), last_failure_)});
}

void Connector::settled() {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return failed(text_of_errno(error));
  if (is_connected_to_itself(socket_.get())) return failed(text_of_errno(ECONNREFUSED));
  poll_.reset();
  timer_.stop();
  finish(std::move(socket_));
}

void Connector::failed(const std::string& why) {
  last_failure_ = why;
  poll_.reset();
  timer_.stop();
  socket_ = Descriptor();
  try_next();
}

void Connector::finish(Result<Descriptor> result) {
  const Done done = std::move(done_);
  done(std::move(result));
}

}  // namespace scaler::net
