#pragma once

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "scaler/base/time.hpp"

namespace scaler::log {

enum class Level : unsigned char { debug, info, warning, error, critical };

// Where lines go. The default writes "[INFO]2026-01-31 23:59:59+0000: text\n" to standard output; a
// role installs its own (src/config/logging), a test its recorder. Returns the one that was there
// before.
using Sink = std::function<void(Level, std::string_view text)>;
Sink set_sink(Sink sink);
void set_level(Level least);
bool enabled(Level level);
void write(Level level, std::string_view text);

// "[WARN]2026-01-31 23:59:59+0100: text", local time, as the peer prints it.
std::string format_line(Level level, std::string_view text);

template <class... Args>
void at(Level level, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  at(Level::debug, format, std::forward<Args>(args)...);
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  at(Level::info, format, std::forward<Args>(args)...);
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  at(Level::warning, format, std::forward<Args>(args)...);
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  at(Level::error, format, std::forward<Args>(args)...);
}

// Lets a few lines of one kind through per interval and then counts in silence: a hostile peer must
// not fill the log.
//   if (auto suppressed = limit.allow(now)) log::warning("bad frame ({} more)", *suppressed);
class RateLimit {
 public:
  RateLimit(unsigned burst, Duration interval) : burst_(burst), interval_(interval) {}
  std::optional<std::uint64_t> allow(TimePoint now);

 private:
  unsigned burst_;
  Duration interval_;
  TimePoint window_start_{};
  unsigned in_window_ = 0;
  std::uint64_t suppressed_ = 0;
};

}  // namespace scaler::log
