#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "scaler/client/client_core.hpp"

namespace scaler::clientio {

std::uint64_t payload_bytes_of(const client::Request& request);
std::size_t pieces_of(const client::Request& request);  // tasks, objects and nodes; at least one

// What any thread has posted and the link's thread has not taken yet, in order. Whoever waits for
// requests is rung awake once, and rings itself while it leaves some for later.
class RequestQueue {
 public:
  enum class Posted : std::uint8_t {
    quietly,
    ring,    // the taker may be asleep: wake it
    closed,  // refused; the request is left as it was
  };
  Posted post(client::Request&& request);
  void close();  // what was posted before can still be taken

  // Posted and not taken.
  std::uint64_t payload_bytes() const { return payload_bytes_.load(std::memory_order_relaxed); }
  std::size_t pieces() const { return pieces_.load(std::memory_order_relaxed); }

  // The taker's thread only. Nothing: there is none, and the next post() says `ring`.
  std::optional<client::Request> take();

 private:
  bool refill();

  std::mutex mutex_;  // guards the next three
  std::vector<client::Request> posted_;
  bool rung_ = false;
  bool closed_ = false;

  std::vector<client::Request> taken_;  // the taker's, from `next_` on
  std::size_t next_ = 0;

  std::atomic<std::uint64_t> payload_bytes_ = 0;
  std::atomic<std::size_t> pieces_ = 0;
};

}  // namespace scaler::clientio
