#include "config/log_json.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "scaler/base/json.hpp"
#include "scaler/config/logging.hpp"

namespace scaler::config {
namespace {

// RFC 3339, with milliseconds and a colon in the offset.
std::string timestamp(const std::timespec& at, log::Zone zone) {
  std::tm shown{};
  zone == log::Zone::utc ? gmtime_r(&at.tv_sec, &shown) : localtime_r(&at.tv_sec, &shown);
  char date[48];
  const std::size_t length = std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &shown);
  const long minutes = shown.tm_gmtoff / 60;
  return fmt::format("{}.{:03}{}{:02}:{:02}", std::string_view(date, length),
                     at.tv_nsec / 1'000'000, minutes < 0 ? '-' : '+', std::abs(minutes) / 60,
                     std::abs(minutes) % 60);
}

}  // namespace

std::string json_line(const JsonLine& line) {
  std::timespec at = line.at;
  if (at.tv_sec < 0) std::timespec_get(&at, TIME_UTC);
  std::string text = fmt::format("{{\"time\":\"{}\",\"level\":\"{}\"", timestamp(at, line.zone),
                                 level_name(line.level));
  if (!line.component.empty())
    text += fmt::format(",\"component\":{}", json::quoted(line.component));
  return text + fmt::format(",\"pid\":{},\"message\":{}}}", getpid(), json::quoted(line.text));
}

}  // namespace scaler::config
