#include "scaler/base/log_line.hpp"

#include <cstdio>
#include <ctime>
#include <utility>

namespace scaler::log {
namespace {

struct State {
  Sink sink;
  Level least = Level::info;
};
State& state() {
  static State instance;
  return instance;
}

const char* tag_of(Level level) {
  switch (level) {
    case Level::debug:
      return "DEBG";
    case Level::info:
      return "INFO";
    case Level::warning:
      return "WARN";
    case Level::error:
      return "EROR";
    case Level::critical:
      return "CTIC";
  }
  return "INFO";
}

}  // namespace

Sink set_sink(Sink sink) { return std::exchange(state().sink, std::move(sink)); }
void set_level(Level least) { state().least = least; }
bool enabled(Level level) { return level >= state().least; }

std::string format_line(Level level, std::string_view text) {
  return format_line(level, text, std::time(nullptr), Zone::local);
}

std::string format_line(Level level, std::string_view text, std::time_t at, Zone zone) {
  std::tm shown{};
  zone == Zone::utc ? gmtime_r(&at, &shown) : localtime_r(&at, &shown);
  char stamp[48];
  const std::size_t length = std::strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S%z", &shown);
  return fmt::format("[{}]{}: {}", tag_of(level), std::string_view(stamp, length), text);
}

void write(Level level, std::string_view text) {
  if (!enabled(level)) return;
  if (state().sink) return state().sink(level, text);
  const std::string line = format_line(level, text) + '\n';
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

std::optional<std::uint64_t> RateLimit::allow(TimePoint now) {
  if (now - window_start_ >= interval_) {
    window_start_ = now;
    in_window_ = 0;
  }
  if (in_window_ >= burst_) {
    ++suppressed_;
    return std::nullopt;
  }
  ++in_window_;
  return std::exchange(suppressed_, 0);
}

}  // namespace scaler::log
