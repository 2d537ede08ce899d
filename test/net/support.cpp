#include "net/support.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace scaler::net {
namespace {

int connect_tcp(const Address& address, int receive_bytes) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_bytes > 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(address.port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(socket, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  return socket;
}

int connect_path(const Address& address) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::memcpy(where.sun_path, address.path.data(), address.path.size());
  REQUIRE(::connect(socket, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  return socket;
}

std::string le64(std::uint64_t value) {
  std::array<std::byte, 8> bytes{};
  store_le64(bytes.data(), value);
  return std::string(as_text(bytes));
}

}  // namespace

RawClient::RawClient(const Address& address, int receive_bytes)
    : descriptor_(address.scheme == Address::Scheme::tcp ? connect_tcp(address, receive_bytes)
                                                         : connect_path(address)) {}

RawClient::~RawClient() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void RawClient::say(std::string_view bytes) const {
  REQUIRE(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(bytes.size()));
}

std::string RawClient::hear() {
  std::string heard;
  std::array<char, 65536> buffer{};
  ssize_t count = 0;
  while ((count = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0)
    heard.append(buffer.data(), static_cast<std::size_t>(count));
  return heard;
}

bool RawClient::at_end() {
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t count = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0) continue;
    return count == 0 || errno != EAGAIN;
  }
}

void RawClient::end_output() const { ::shutdown(descriptor_, SHUT_WR); }

void RawClient::reset() {
  const linger now{1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(std::exchange(descriptor_, -1));
}

RawListener::RawListener() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof where;
  auto* any = reinterpret_cast<sockaddr*>(&where);
  REQUIRE(::bind(descriptor_, any, length) == 0);
  REQUIRE(::listen(descriptor_, 16) == 0);
  REQUIRE(::getsockname(descriptor_, any, &length) == 0);
  address_.host = "127.0.0.1";
  address_.port = ntohs(where.sin_port);
}

RawListener::~RawListener() { ::close(descriptor_); }

std::string ymq_frame(std::string_view body) { return le64(body.size()) + std::string(body); }

std::string ymq_hello(std::string_view identity) {
  return std::string("YMQ\x01", 4) + ymq_frame(identity);
}

std::string fresh_path(std::string_view name) {
  std::string path = "/tmp/scaler-net-test-" + std::to_string(getpid()) + "-" + std::string(name);
  ::unlink(path.c_str());
  return path;
}

}  // namespace scaler::net
