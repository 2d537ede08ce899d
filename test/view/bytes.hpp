#pragma once

#include <string_view>

#include "scaler/base/bytes.hpp"

namespace scaler::view {

inline Bytes bytes(std::string_view text) { return Bytes::copy_of(text); }

}  // namespace scaler::view
