#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "net/socket.hpp"
#include "scaler/base/address.hpp"
#include "scaler/base/result.hpp"
#include "scaler/net/loop.hpp"

namespace scaler::net {

using SocketAddresses = std::vector<SocketAddress>;

// For a path, an IPv4 or IPv6 literal, and `*` (connecting: the loopback addresses; listening: all
// interfaces, dual stack first). Nothing for a name.
enum class Purpose : std::uint8_t { listen, connect };
std::optional<SocketAddresses> without_lookup(const Address& address, Purpose purpose);

// Blocks while it asks the system's resolver: only before the loop runs.
Result<SocketAddresses> resolve_now(const Address& address);

// Asks in libuv's thread pool and calls back once from the loop. Destroying it forgets the answer;
// a question already asked is still waited for when the loop is destroyed.
class Lookup {
 public:
  using Done = std::function<void(Result<SocketAddresses>)>;
  Lookup(Loop& loop, const Address& address, Done done);
  ~Lookup();
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

 private:
  struct Request;
  Request* request_;
};

}  // namespace scaler::net
