#pragma once

#include <string>

#include "scaler/base/bytes.hpp"

namespace scaler {

// Foreign bytes for an error line: printable ASCII as it is, anything else as \xhh, the rest after
// `bytes_max` as "...". A peer can neither forge a log line with it nor fill one.
std::string printable(ByteView bytes, std::size_t bytes_max = 64);

}  // namespace scaler
