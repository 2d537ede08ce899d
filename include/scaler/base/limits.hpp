#pragma once

#include <cstddef>
#include <cstdint>

namespace scaler {

// Defaults of what a peer may cost us. Each is an option of the role that enforces it, and each has
// a test that passes it.
struct TransportLimits {
  std::uint64_t message_bytes_max = std::uint64_t{1}
                                    << 30;  // a map of a million values is one message of 170 MB
  std::size_t identity_bytes_max = 255;
  std::size_t peers_max = 100'000;
  std::size_t write_queue_bytes_pause = std::size_t{64}
                                        << 20;  // above: stop reading from what feeds this peer
  std::size_t write_queue_bytes_max = std::size_t{1}
                                      << 30;  // above: the peer is dropped with a log line
  std::size_t handshake_seconds_max = 30;     // a silent connection is closed after this
};

}  // namespace scaler
