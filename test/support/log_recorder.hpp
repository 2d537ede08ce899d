#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scaler/base/log.hpp"

namespace scaler::support {

// Keeps what the log says while it lives.
class LogRecorder {
 public:
  LogRecorder()
      : before_(log::set_sink([this](log::Level level, std::string_view text) {
          if (level >= log::Level::info) lines.emplace_back(text);
        })) {}
  ~LogRecorder() { log::set_sink(std::move(before_)); }
  LogRecorder(const LogRecorder&) = delete;
  LogRecorder& operator=(const LogRecorder&) = delete;

  std::size_t count(std::string_view part) const {
    std::size_t found = 0;
    for (const std::string& line : lines) found += line.find(part) != std::string::npos ? 1U : 0U;
    return found;
  }
  bool said(std::string_view part) const { return count(part) > 0; }

  std::vector<std::string> lines;

 private:
  log::Sink before_;
};

}  // namespace scaler::support
