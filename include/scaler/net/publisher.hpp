#pragma once

#include <functional>
#include <memory>
#include <string>

#include "scaler/base/address.hpp"
#include "scaler/base/bytes.hpp"
#include "scaler/base/limits.hpp"
#include "scaler/base/result.hpp"
#include "scaler/net/loop.hpp"

namespace scaler::tls {
class Context;
}

namespace scaler::net {

// A listening socket that only speaks: ZeroMQ's PUB (to those who subscribed to a prefix; the empty
// one is everything) and YMQ's monitor port (to everybody), told apart by the first byte. A
// subscriber that does not drain loses its oldest messages first, counted, never our memory:
// limits.write_queue_bytes_pause is what it may have waiting.
class Publisher {
 public:
  Publisher(Loop& loop, TransportLimits limits, std::shared_ptr<tls::Context> tls = {});
  ~Publisher();
  Result<Address> listen(const Address& address);
  bool has_subscribers() const;  // encode nothing when nobody listens
  void publish(const Bytes& payload);
  std::uint64_t dropped_messages() const;  // lost to subscribers that did not drain
  void shut_down(Duration patience, std::function<void()> on_closed);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::net
