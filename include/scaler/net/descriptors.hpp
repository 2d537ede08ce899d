#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/result.hpp"

namespace scaler::net {

enum class SocketPairType : std::uint8_t { stream, seqpacket };
enum class Blocking : std::uint8_t { no, yes };

// Two connected Unix sockets, close-on-exec. The caller owns both.
Result<std::pair<int, int>> make_socketpair(SocketPairType type, Blocking blocking = Blocking::no);

// Sends one short message (at most descriptors_max descriptors, at least one byte) with
// SCM_RIGHTS: whole, or an error with Errc::unavailable if the socket has no room now. The
// descriptors stay the caller's; the receiver gets duplicates. Blocks only on a blocking socket.
inline constexpr std::size_t descriptors_max = 64;
Status send_with_descriptors(int socket, ByteView message, std::span<const int> descriptors);

// One message, or on a stream what has arrived, at most `bytes_max`. Empty bytes: the other end is
// closed. The receiver owns the descriptors, which are close-on-exec. Errc::unavailable: nothing
// there now. A message that was longer, or whose descriptors did not all arrive, is an error and
// leaves no descriptor behind.
struct ReceivedDescriptors {
  Bytes message;
  std::vector<int> descriptors;
};
Result<ReceivedDescriptors> receive_with_descriptors(int socket, std::size_t bytes_max = 65536);

}  // namespace scaler::net
