#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <string>
#include <utility>

#include "scaler/base/address.hpp"
#include "scaler/base/result.hpp"

namespace scaler::net {

// Owns one descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

// A socket address of any family.
struct SocketAddress {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
  };
  socklen_t length = 0;

  SocketAddress() : local{} {}
  static SocketAddress copy_of(const sockaddr* from, socklen_t length);
  static SocketAddress of_path(const std::string& path);  // "@name": in the abstract namespace
  int family() const { return any.sa_family; }
  std::uint16_t port() const;
  void set_port(std::uint16_t port);
};

std::string text_of_errno(int number);  // "connection refused"

// Nonblocking and close-on-exec, with what every stream of ours has (no delay, keepalive; between
// programs on one host a larger buffer).
Result<Descriptor> open_stream(int family);
void set_stream_options(int descriptor, int family);

// Acknowledges what has come; the kernel forgets it soon.
void acknowledge_now(int descriptor);

// Who is at the other end, for log lines: "tcp://10.0.0.7:40132", "ipc peer of process 4711".
std::string describe_peer(int descriptor);
SocketAddress local_address(int descriptor);
// A program of this host and this user: one that descriptors may be passed to and taken from.
bool is_own_local_peer(int descriptor);

// Says goodbye in the normal way: the peer reads an end of stream, not a reset, even if we have not
// read all it sent.
void close_normally(Descriptor descriptor);

}  // namespace scaler::net
