#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/log_pattern.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/result.hpp"

namespace scaler::config {

// What we use of a Python logging .conf file: the root logger's level and its stream and file
// handlers with their formats. The rest becomes warnings.
struct LogConf {
  struct Target {
    std::string path;
    log::Level level = log::Level::debug;
    std::optional<LogPattern> pattern;  // none: our own line format
  };
  log::Level level = log::Level::warning;
  std::vector<Target> targets;
  std::vector<std::string> warnings;
};

Result<LogConf> parse_log_conf(const std::string& file, std::string_view text);

}  // namespace scaler::config
