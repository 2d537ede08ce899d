#pragma once

#include <unordered_map>

#include "scaler/base/ids.hpp"
#include "scaler/base/time.hpp"
#include "scaler/net/stream_server.hpp"

namespace scaler::roles {

// The pages that listen. Each has what it was sent and has not read within a bound: past it, it
// misses what comes until it has read all, and then needs a new snapshot. One that does not read at
// all is dropped.
class Browsers {
 public:
  static constexpr std::size_t browsers_max = 64;
  static constexpr std::size_t queue_bytes_max = std::size_t{1} << 20;  // besides a snapshot
  static constexpr Duration patience = 30s;

  explicit Browsers(net::StreamServer& server) : server_(server) {}

  void add(PeerId peer);  // dropped at once when there are too many
  void remove(PeerId peer) { browsers_.erase(peer); }
  bool empty() const { return browsers_.empty(); }
  bool contains(PeerId peer) const { return browsers_.contains(peer); }

  bool anyone_needs_snapshot() const;
  void send_snapshot(const Bytes& snapshot);           // to those who need one
  void send_delta(const Bytes& delta, TimePoint now);  // to those who had one

 private:
  enum class Phase : std::uint8_t {
    new_here,  // needs a snapshot
    follows,
    behind  // missed something, and reads what it has
  };
  struct Browser {
    Phase phase = Phase::new_here;
    std::size_t allowance = 0;  // bytes that may wait for it
    TimePoint behind_since{};
  };

  net::StreamServer& server_;
  std::unordered_map<PeerId, Browser> browsers_;
};

}  // namespace scaler::roles
