#include "net/listener.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "net/resolve.hpp"

namespace scaler::net {
namespace {

constexpr int backlog = 4096;
constexpr int accepts_per_event = 64;
constexpr Duration rest_when_exhausted = 100ms;

std::string advice_for(int error, const Address& address) {
  const bool ipc = address.scheme == Address::Scheme::ipc;
  switch (error) {
    case EADDRINUSE:
      return fmt::format(
          "address in use: another program listens on {}; choose another {} or stop it",
          address.to_string(), ipc ? "path" : "port");
    case EADDRNOTAVAIL:
      return "this machine has no such address; use tcp://*:PORT to listen on all of them";
    case EACCES:
    case EPERM:
      return ipc ? "permission denied: choose a folder that you may write to"
                 : "permission denied: ports below 1024 need a privilege; choose a higher one";
    case EEXIST:
      return "a file that is not a socket is in the way; choose another path or remove it";
    case ENOENT:
      return "the folder of this socket file does not exist; create it first";
    default:
      return text_of_errno(error);
  }
}

Error cannot_listen(const Address& address, int error) {
  return {error == EADDRINUSE || error == EMFILE ? Errc::unavailable : Errc::usage,
          fmt::format("cannot listen on {}: {}", address.to_string(), advice_for(error, address))};
}

// Whether a socket file is left over from a process that is gone.
bool nobody_answers(const SocketAddress& where) {
  auto probe = open_stream(AF_UNIX);
  if (!probe) return false;
  return ::connect(probe->get(), &where.any, where.length) != 0 && errno == ECONNREFUSED;
}

int bind_once(int socket, const SocketAddress& where) {
  return ::bind(socket, &where.any, where.length) == 0 ? 0 : errno;
}

int bind_path(int socket, const SocketAddress& where) {
  const int error = bind_once(socket, where);
  const bool abstract = where.local.sun_path[0] == '\0';
  if (error != EADDRINUSE || abstract) return error;
  struct stat info {};
  if (::lstat(where.local.sun_path, &info) == 0 && !S_ISSOCK(info.st_mode)) return EEXIST;
  if (!nobody_answers(where)) return error;
  ::unlink(where.local.sun_path);
  return bind_once(socket, where);
}

int bind_tcp(int socket, const SocketAddress& where) {
  const int on = 1;
  const int off = 0;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (where.family() == AF_INET6) setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  return bind_once(socket, where);
}

Result<BoundSocket> bind_one(const Address& address, const SocketAddress& where) {
  auto socket = open_stream(where.family());
  if (!socket) return std::move(socket.error()).within("cannot listen on " + address.to_string());
  int error =
      where.family() == AF_UNIX ? bind_path(socket->get(), where) : bind_tcp(socket->get(), where);
  if (error == 0 && ::listen(socket->get(), backlog) != 0) error = errno;
  if (error != 0) return cannot_listen(address, error);
  BoundSocket bound{std::move(*socket), address};
  if (where.family() != AF_UNIX) bound.address.port = local_address(bound.socket.get()).port();
  return bound;
}

bool out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

constexpr std::pair<std::uint64_t, std::uint64_t> no_file{};

std::pair<std::uint64_t, std::uint64_t> file_at(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return no_file;
  return {info.st_dev, info.st_ino};
}

}  // namespace

Result<BoundSocket> bind_and_listen(const Address& address) {
  auto candidates = without_lookup(address, Purpose::listen);
  if (!candidates) {
    SCALER_TRY(resolved, resolve_now(address));
    candidates = std::move(resolved);
  }
  std::optional<Error> first_failure;
  for (const SocketAddress& where : *candidates) {
    auto bound = bind_one(address, where);
    if (bound) return bound;
    // All interfaces: a machine without IPv6 falls back to IPv4, but not from a port in use.
    if (bound.error().code == Errc::unavailable) return std::move(bound.error());
    first_failure = std::move(bound.error());
  }
  return std::move(*first_failure);
}

Listener::Listener(Loop& loop, BoundSocket bound, std::function<void(Descriptor)> on_accept)
    : loop_(loop),
      bound_(std::move(bound)),
      on_accept_(std::move(on_accept)),
      resting_(loop, [this] { poll_->set(UV_READABLE); }) {
  if (bound_.address.scheme == Address::Scheme::ipc && !bound_.address.path.starts_with('@'))
    file_ = file_at(bound_.address.path);
  poll_.emplace(loop, bound_.socket.get(), [this](int, int) { accept_some(); });
  poll_->set(UV_READABLE);
}

Listener::~Listener() {
  poll_.reset();
  if (file_ == no_file) return;
  if (file_at(bound_.address.path) == file_) ::unlink(bound_.address.path.c_str());
}

void Listener::accept_some() {
  const Lifetime::Watch alive(lifetime_);
  for (int i = 0; i < accepts_per_event; ++i) {
    Descriptor accepted(
        ::accept4(bound_.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!accepted) {
      if (out_of_resources(errno)) return rest(errno);
      if (errno == EAGAIN) return;
      continue;  // a connection that was gone before it was accepted
    }
    const bool local = bound_.address.scheme == Address::Scheme::ipc;
    set_stream_options(accepted.get(), local ? AF_UNIX : AF_INET);
    on_accept_(std::move(accepted));
    if (!alive) return;
  }
}

void Listener::rest(int error) {
  poll_->set(0);
  resting_.start(rest_when_exhausted);
  if (auto more = exhausted_.allow(loop_.now()))
    log::error("{} accepts no connection for now: {} (raise the limit with ulimit -n)",
               bound_.address.to_string(), text_of_errno(error));
}

}  // namespace scaler::net
