#pragma once

#include <functional>
#include <optional>
#include <string>

#include "net/lifetime.hpp"
#include "net/poll.hpp"
#include "net/socket.hpp"
#include "scaler/base/address.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/result.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/timer.hpp"

namespace scaler::net {

// A bound socket that listens, and its address with the real port.
struct BoundSocket {
  Descriptor socket;
  Address address;
};
// Resolves names at once. The error says what to do.
Result<BoundSocket> bind_and_listen(const Address& address);

// Accepts what comes to one bound socket. Out of descriptors, it rests for a moment instead of
// spinning. Removes the file of an ipc address when it closes, if the file is still its own.
class Listener {
 public:
  Listener(Loop& loop, BoundSocket bound, std::function<void(Descriptor)> on_accept);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  void accept_some();
  void rest(int error);

  Loop& loop_;
  BoundSocket bound_;
  std::function<void(Descriptor)> on_accept_;
  std::pair<std::uint64_t, std::uint64_t> file_{};  // device and inode of an ipc socket
  log::RateLimit exhausted_{1, 10s};
  Lifetime lifetime_;
  Timer resting_;
  std::optional<Poll> poll_;
};

}  // namespace scaler::net
