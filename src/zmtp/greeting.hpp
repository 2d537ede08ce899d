#pragma once

#include <array>

#include "scaler/base/bytes.hpp"
#include "scaler/base/result.hpp"

namespace scaler::zmtp {

// ZMTP 3.1, RFC 37, "greeting": signature 10, version 2, mechanism 20, as-server 1, filler 31.
inline constexpr std::size_t greeting_bytes = 64;

// Ours: version 3.1. The eight bytes inside the signature are the length of a ZMTP 1.0 identity
// frame, which libzmq still fills and nobody reads.
std::array<std::byte, greeting_bytes> make_greeting(std::string_view mechanism,
                                                    std::size_t identity_bytes);

struct Greeting {
  int major = 0;
  int minor = 0;
  std::string mechanism;
};

// Checks what is there of a greeting, from its first byte on, so that a peer of ZMTP 1 or 2, which
// never sends 64 bytes, is refused and not waited for.
Status check_greeting_start(ByteView seen);
// `whole` has passed check_greeting_start().
Greeting parse_greeting(std::span<const std::byte, greeting_bytes> whole);

}  // namespace scaler::zmtp
