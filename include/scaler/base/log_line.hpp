#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "scaler/base/log.hpp"

namespace scaler::log {

// "[WARN]2026-01-31 22:59:59+0000: text": format_line of log.hpp at a given time, in local time or
// in UTC.
enum class Zone : unsigned char { local, utc };
std::string format_line(Level level, std::string_view text, std::time_t at, Zone zone);

}  // namespace scaler::log
