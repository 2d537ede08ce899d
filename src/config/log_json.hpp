#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "scaler/base/log_line.hpp"

namespace scaler::config {

struct JsonLine {
  log::Level level = log::Level::info;
  std::string_view text;
  std::string_view component;  // empty: left out
  log::Zone zone = log::Zone::local;
  std::timespec at = {-1, 0};  // -1: now
};

// One log line as one JSON object without a line break (RFC 8259), whatever bytes the text holds:
// {"time":"2026-01-31T23:59:59.123+01:00","level":"INFO","component":"store","pid":7,"message":""}
std::string json_line(const JsonLine& line);

}  // namespace scaler::config
