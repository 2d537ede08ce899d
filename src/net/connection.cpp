#include "net/connection.hpp"

#include <fmt/format.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "net/loop_impl.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::net {
namespace {

constexpr std::size_t read_bytes_per_turn = std::size_t{1} << 20;
constexpr std::size_t write_bytes_per_turn = std::size_t{4} << 20;
constexpr std::size_t events_per_turn = 4096;
constexpr std::size_t views_max = 64;  // what Session::to_send gives at most
// How long a peer may take to end its side. Many never do: an idle synchronous client reads nothing
// between its requests.
constexpr Duration linger_after_last_word = 250ms;

int pending_error(int descriptor) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
  return error == 0 ? ECONNRESET : error;
}

}  // namespace

Connection::Connection(Loop& loop, Descriptor socket, PeerId id, ConnectionOwner& owner,
                       Traffic& traffic, std::unique_ptr<Session> session)
    : loop_(loop),
      socket_(std::move(socket)),
      id_(id),
      owner_(owner),
      traffic_(traffic),
      session_(std::move(session)),
      flush_job_(loop, Job::When::turn_end, [this] { flush(); }),
      pump_job_(loop, Job::When::next_turn, [this] { pump(); }),
      end_job_(loop, Job::When::next_turn, [this] { finish(*std::exchange(pending_end_, {})); }) {
  poll_.emplace(loop, socket_.get(), [this](int status, int events) { on_poll(status, events); });
  watch();
  if (session_) flush_job_.schedule();  // a greeting may be waiting
}

Connection::~Connection() {
  poll_.reset();
  say_last_words();
  close_normally(std::move(socket_));
}

void Connection::start(std::unique_ptr<Session> session) {
  SCALER_ASSERT(!session_, "a connection has one session");
  session_ = std::move(session);
  flush_job_.schedule();
}

void Connection::send(Bytes payload) {
  SCALER_ASSERT(session_, "send() before the handshake");
  if (!writable()) return;
  session_->send(std::move(payload));
  if (!blocked_ && !flushing_) flush_job_.schedule();
}

void Connection::send(Bytes begin, Bytes rest) {
  SCALER_ASSERT(session_, "send() before the handshake");
  if (!writable()) return;
  session_->send_joined(std::move(begin), std::move(rest));
  if (!blocked_ && !flushing_) flush_job_.schedule();
}

void Connection::send_with_file(Bytes payload, Bytes file) {
  if (!writable()) return;
  if (!passing_) passing_ = std::make_unique<DescriptorPassing>();
  passing_->give(std::move(file), written_ + session_->queued_bytes());
  send(std::move(payload));
}

void Connection::receive_descriptors() {
  if (!passing_) passing_ = std::make_unique<DescriptorPassing>();
  receives_descriptors_ = true;
}

Descriptor Connection::take_descriptor(std::uint64_t file_number) {
  return receives_descriptors_ ? passing_->take(file_number) : Descriptor();
}

void Connection::pause_reading(Pause reason) {
  paused_ |= static_cast<std::uint8_t>(reason);
  watch();
}

void Connection::resume_reading(Pause reason) {
  paused_ &= static_cast<std::uint8_t>(~static_cast<unsigned>(reason));
  if (backlog_ && paused_ == 0) pump_job_.schedule();
  watch();
}

void Connection::close_gently() {
  if (phase_ != Phase::open) return;
  if (!session_) return end_soon({End::Kind::closed, "closed"});
  phase_ = Phase::draining;
  flush_job_.schedule();
  watch();
}

void Connection::end_soon(End end) {
  if (phase_ == Phase::ended) return;
  phase_ = Phase::ended;
  pending_end_ = std::move(end);
  end_job_.schedule();
  watch();
}

void Connection::finish(End end) {
  phase_ = Phase::ended;
  watch();
  owner_.on_end(id_, end);
}

bool Connection::reading_wanted() const {
  if (phase_ == Phase::open) return paused_ == 0 && !backlog_;
  return phase_ != Phase::ended;
}

void Connection::watch() {
  const bool writing = blocked_ && phase_ != Phase::ended;
  poll_->set((reading_wanted() ? UV_READABLE : 0) | (writing ? UV_WRITABLE : 0));
}

void Connection::on_poll(int status, int events) {
  if (status < 0) poll_->forget();
  if (reading_wanted() && !may_read_now()) {
    if (status < 0) finish({End::Kind::broken, text_of_errno(pending_error(socket_.get()))});
    return;  // it is still readable in the next turn
  }
  if (reading_wanted()) {
    if (!read()) return;
  } else if (status < 0 && phase_ != Phase::ended) {
    return finish({End::Kind::broken, text_of_errno(pending_error(socket_.get()))});
  }
  if (blocked_ && (status < 0 || (events & UV_WRITABLE) != 0)) {
    blocked_ = false;
    flush();
  }
  watch();
}

// Handshakes with signatures take their turns, so that a thousand of them stop nobody's heartbeat.
bool Connection::may_read_now() {
  return phase_ != Phase::open || !session_ || !session_->is_costly() ||
         LoopAccess::impl(loop_).take_costly_step();
}

void Connection::renew_budget() {
  const std::uint64_t turn = LoopAccess::impl(loop_).turn + 1;  // 0 stands for "never"
  if (budget_turn_ == turn) return;
  budget_turn_ = turn;
  read_budget_ = read_bytes_per_turn;
  event_budget_ = events_per_turn;
}

bool Connection::read() {
  renew_budget();
  const Lifetime::Watch alive(lifetime_);
  while (read_budget_ > 0 && reading_wanted()) {
    const std::size_t before = read_budget_;
    if (!read_once(read_budget_)) return alive && phase_ != Phase::ended;
    if (read_budget_ == before) break;
  }
  return true;
}

std::span<std::byte> Connection::read_target() {
  if (session_) return session_->receive_buffer();
  return std::span(head_).subspan(head_size_);
}

// True: there may be more, unless the budget is unchanged. False: the socket is empty, or all is
// over.
bool Connection::read_once(std::size_t& budget) {
  std::array<std::byte, 16384> discarded;
  const bool discarding = phase_ != Phase::open;
  std::span<std::byte> target = discarding ? std::span<std::byte>(discarded) : read_target();
  target = target.first(std::min(target.size(), budget));
  const ssize_t count = receives_descriptors_
                            ? passing_->receive(socket_.get(), target)
                            : ::recv(socket_.get(), target.data(), target.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (count <= 0) {
    finish(count == 0 ? End{End::Kind::closed, "closed by the peer"}
                      : End{End::Kind::broken, text_of_errno(errno)});
    return false;
  }
  if (lost_descriptors()) {
    finish({End::Kind::broken, "a descriptor was lost"});
    return false;
  }
  const auto received = static_cast<std::size_t>(count);
  traffic_.bytes_in += received;
  if (acknowledges_at_once_) acknowledge_now(socket_.get());
  budget -= received;
  if (!discarding && !take_bytes(received)) return false;
  // A short read has emptied the socket, unless it ended at descriptors.
  return received == target.size() || (receives_descriptors_ && passing_->received_some());
}

bool Connection::take_bytes(std::size_t count) {
  if (session_) {
    session_->received(count);
    return deliver();
  }
  head_size_ = static_cast<std::uint8_t>(head_size_ + count);
  return pick_session();
}

bool Connection::pick_session() {
  auto picked = owner_.on_first_bytes(id_, std::span(head_).first(head_size_));
  if (!picked) {
    finish({End::Kind::offence, std::move(picked.error().text)});
    return false;
  }
  if (!*picked) return true;
  start(std::move(*picked));
  return feed_head();
}

bool Connection::feed_head() {
  std::span<const std::byte> rest = std::span(head_).first(head_size_);
  while (!rest.empty()) {
    const std::span<std::byte> target = session_->receive_buffer();
    const std::size_t count = std::min(target.size(), rest.size());
    std::memcpy(target.data(), rest.data(), count);
    session_->received(count);
    rest = rest.subspan(count);
  }
  return deliver();
}

bool Connection::deliver() {
  const Lifetime::Watch alive(lifetime_);
  backlog_ = true;
  while (phase_ == Phase::open && paused_ == 0) {
    if (event_budget_ == 0) {
      pump_job_.schedule();
      break;
    }
    auto event = session_->next();
    if (!event) {
      finish({End::Kind::offence, std::move(event.error().text)});
      return false;
    }
    if (!*event) {
      backlog_ = false;
      break;
    }
    --event_budget_;
    owner_.on_event(id_, std::move(**event));
    if (!alive) return false;
  }
  if (!blocked_ && !session_->to_send().empty()) flush_job_.schedule();  // it may have answered
  return phase_ != Phase::ended;
}

void Connection::pump() {
  if (phase_ != Phase::open || paused_ != 0 || !backlog_) return;
  renew_budget();
  if (deliver()) watch();
}

void Connection::flush() {
  if (!session_ || blocked_ || phase_ == Phase::shut || phase_ == Phase::ended) return;
  flushing_ = true;
  owner_.on_room(id_);
  std::size_t budget = write_bytes_per_turn;
  while (budget > 0 && write_once(budget)) {
  }
  // The budget may have ended just where a message did: nothing is left in the session, yet the
  // owner has more.
  if (!blocked_ && phase_ != Phase::ended) owner_.on_room(id_);
  flushing_ = false;
  after_flush();
}

bool Connection::flush_now() {
  if (!flushing_) flush();
  return writable() && !blocked_ && queued_bytes() == 0;
}

// True: something was written and there may be more.
bool Connection::write_once(std::size_t& budget) {
  std::span<const ByteView> views = session_->to_send();
  if (views.empty()) {
    owner_.on_room(id_);
    views = session_->to_send();
    if (views.empty()) return false;
  }
  std::array<iovec, views_max> parts;
  const std::size_t count = std::min(views.size(), views_max);
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    parts[i] = {const_cast<std::byte*>(views[i].data()), views[i].size()};
    total += views[i].size();
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  alignas(cmsghdr) DescriptorPassing::Control control;
  if (passing_) passing_->attach(message, control, written_ + total);
  const ssize_t written = ::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (written < 0) {
    if (errno == EINTR) return true;
    if (errno == EAGAIN || errno == ENOBUFS)
      blocked_ = true;
    else
      end_soon({End::Kind::broken, text_of_errno(errno)});
    return false;
  }
  const auto sent = static_cast<std::size_t>(written);
  traffic_.bytes_out += sent;
  written_ += sent;
  session_->sent(sent);
  if (passing_) passing_->sent();
  budget -= std::min(budget, sent);
  blocked_ = sent < total;
  return !blocked_;
}

// True once: the session has something to say that ends the stream in order.
bool Connection::has_last_words() {
  return session_ && !std::exchange(has_ended_stream_, true) && session_->end_stream();
}

// What the kernel takes of it at once; the peer may have gone.
void Connection::say_last_words() {
  if (phase_ == Phase::shut || !has_last_words()) return;
  for (const ByteView view : session_->to_send())
    if (::send(socket_.get(), view.data(), view.size(), MSG_DONTWAIT | MSG_NOSIGNAL) !=
        static_cast<ssize_t>(view.size()))
      return;
}

void Connection::after_flush() {
  if (phase_ == Phase::ended) return;
  if (!blocked_ && !session_->to_send().empty()) blocked_ = true;  // over budget: next turn
  if (!blocked_ && phase_ == Phase::draining && has_last_words()) return flush_job_.schedule();
  if (!blocked_ && phase_ == Phase::draining) {
    phase_ = Phase::shut;
    ::shutdown(socket_.get(), SHUT_WR);
    linger_.emplace(loop_, [this] { end_soon({End::Kind::closed, "closed"}); });
    linger_->start(linger_after_last_word);
  }
  watch();
}

}  // namespace scaler::net
