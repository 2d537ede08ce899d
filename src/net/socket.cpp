#include "net/socket.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "scaler/base/assert.hpp"

namespace scaler::net {
namespace {

constexpr int keepalive_seconds = 60;
// What fits is written at once, and the reader is woken less often. The kernel may grant less.
constexpr int local_buffer_bytes = 1 << 20;

void set_option(int descriptor, int level, int name, int value) {
  setsockopt(descriptor, level, name, &value, sizeof value);  // best effort: never worth a failure
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

SocketAddress SocketAddress::copy_of(const sockaddr* from, socklen_t length) {
  SocketAddress address;
  SCALER_ASSERT(length <= sizeof address.local, "a socket address of an unknown family");
  std::memcpy(&address.local, from, length);
  address.length = length;
  return address;
}

SocketAddress SocketAddress::of_path(const std::string& path) {
  SocketAddress address;
  SCALER_ASSERT(path.size() < sizeof address.local.sun_path, path);  // Address::parse bounds it
  address.local.sun_family = AF_UNIX;
  std::memcpy(address.local.sun_path, path.data(), path.size());
  const bool abstract = path.starts_with('@');  // then the length ends the name
  if (abstract) address.local.sun_path[0] = '\0';
  const std::size_t name_bytes = path.size() + (abstract ? 0 : 1);
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_bytes);
  return address;
}

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(v4.sin_port);
  return family() == AF_INET6 ? ntohs(v6.sin6_port) : std::uint16_t{0};
}

void SocketAddress::set_port(std::uint16_t port) {
  if (family() == AF_INET) v4.sin_port = htons(port);
  if (family() == AF_INET6) v6.sin6_port = htons(port);
}

std::string text_of_errno(int number) {
  const char* text = strerrordesc_np(number);
  if (text == nullptr) return fmt::format("error {}", number);
  std::string lowered(text);
  if (lowered.size() > 1 && std::islower(static_cast<unsigned char>(lowered[1])) != 0)
    lowered[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(lowered[0])));
  return lowered;
}

Result<Descriptor> open_stream(int family) {
  Descriptor descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!descriptor)
    return Error{Errc::system, fmt::format("opening a socket: {}", text_of_errno(errno))};
  set_stream_options(descriptor.get(), family);
  return descriptor;
}

void set_stream_options(int descriptor, int family) {
  if (family == AF_UNIX) return set_option(descriptor, SOL_SOCKET, SO_SNDBUF, local_buffer_bytes);
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_seconds);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_seconds / 6);
}

void acknowledge_now(int descriptor) { set_option(descriptor, IPPROTO_TCP, TCP_QUICKACK, 1); }

std::string describe_peer(int descriptor) {
  SocketAddress peer;
  socklen_t length = sizeof peer.local;
  if (getpeername(descriptor, &peer.any, &length) != 0) return "a peer that has gone";
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (peer.family() == AF_INET) {
    inet_ntop(AF_INET, &peer.v4.sin_addr, text.data(), text.size());
    return fmt::format("tcp://{}:{}", text.data(), peer.port());
  }
  if (peer.family() == AF_INET6) {
    inet_ntop(AF_INET6, &peer.v6.sin6_addr, text.data(), text.size());
    return fmt::format("tcp://[{}]:{}", text.data(), peer.port());
  }
  ucred credentials{};
  length = sizeof credentials;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
    return "an ipc peer";
  return fmt::format("the ipc peer of process {}", credentials.pid);
}

bool is_own_local_peer(int descriptor) {
  if (local_address(descriptor).family() != AF_UNIX) return false;
  ucred credentials{};
  socklen_t length = sizeof credentials;
  return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 &&
         credentials.uid == ::geteuid();
}

SocketAddress local_address(int descriptor) {
  SocketAddress address;
  address.length = sizeof address.local;
  getsockname(descriptor, &address.any, &address.length);
  return address;
}

void close_normally(Descriptor descriptor) {
  if (!descriptor) return;
  ::shutdown(descriptor.get(), SHUT_WR);
  // Unread bytes would turn the close into a reset. A peer that keeps sending gets one anyway.
  std::array<std::byte, 16384> unread;
  for (int i = 0; i < 64; ++i)
    if (::recv(descriptor.get(), unread.data(), unread.size(), MSG_DONTWAIT) <= 0) break;
}

}  // namespace scaler::net
