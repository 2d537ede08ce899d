#pragma once

#include <functional>
#include <optional>
#include <string>

#include "scaler/base/log.hpp"
#include "scaler/base/result.hpp"

namespace scaler::config {

// What configuration depends on beyond the words of the command line. Tests give their own.
struct Machine {
  std::function<std::optional<std::string>(const std::string& variable)> environment;
  std::function<Result<std::string>(const std::string& path)> read_file;
  int cpu_count = 1;  // that this process may use
  std::string host_name;
  int process_id = 0;

  static Machine real();
};

// Something to tell the user once log output is installed.
struct Note {
  log::Level level = log::Level::info;
  std::string text;
};

}  // namespace scaler::config
