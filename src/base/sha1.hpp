#pragma once

#include <array>

#include "scaler/base/bytes.hpp"

namespace scaler {

// RFC 3174. The WebSocket handshake proves by it that the server understood; nothing here relies on
// it for security.
std::array<std::byte, 20> sha1(ByteView input);

}  // namespace scaler
