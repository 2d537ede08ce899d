#pragma once

#include <array>

#include "scaler/base/bytes.hpp"

namespace scaler {

// RFC 1321. The wire names an object's owner by it; nothing here relies on it for security.
std::array<std::byte, 16> md5(ByteView input);

}  // namespace scaler
