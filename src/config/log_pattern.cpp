#include "config/log_pattern.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <optional>

#include "config/text.hpp"
#include "scaler/config/logging.hpp"

namespace scaler::config {
namespace {

constexpr std::int64_t width_max = 200;

// One "%(name)-8s" of a format.
struct Field {
  std::string_view name;
  std::int64_t width = 0;  // below zero: padded on the right
};

// The field at format[at], a %; moves `at` behind it. Nothing: no field begins here.
std::optional<Field> take_field(std::string_view format, std::size_t& at) {
  if (format.substr(at, 2) != "%(") return std::nullopt;
  const std::size_t close = format.find(')', at);
  if (close == std::string_view::npos) return std::nullopt;
  const std::size_t letter = format.find_first_not_of("0123456789.+- ", close + 1);
  if (letter == std::string_view::npos) return std::nullopt;
  Field field{format.substr(at + 2, close - at - 2), 0};
  const std::string_view width = format.substr(close + 1, letter - close - 1);
  field.width = parse_integer(width.substr(0, width.find('.'))).value_or(0);
  at = letter + 1;
  return field;
}

std::string padded(std::string text, std::int64_t width) {
  width = std::max(-width_max, std::min(width, width_max));
  return width < 0 ? fmt::format("{:<{}}", text, -width) : fmt::format("{:>{}}", text, width);
}

bool is_known(std::string_view name) {
  for (std::string_view known :
       {"asctime", "levelname", "message", "name", "process", "msecs", "created"})
    if (name == known) return true;
  return false;
}

std::string time_text(const std::string& date_format, std::time_t now) {
  std::tm local{};
  localtime_r(&now, &local);
  char text[256];
  const char* format = date_format.empty() ? "%Y-%m-%d %H:%M:%S" : date_format.c_str();
  return {text, std::strftime(text, sizeof text, format, &local)};
}

}  // namespace

std::string_view level_name(log::Level level) {
  switch (level) {
    case log::Level::debug:
      return "DEBUG";
    case log::Level::info:
      return "INFO";
    case log::Level::warning:
      return "WARNING";
    case log::Level::error:
      return "ERROR";
    case log::Level::critical:
      return "CRITICAL";
  }
  return "INFO";
}

LogPattern::LogPattern(std::string format, std::string date_format)
    : format_(std::move(format)), date_format_(std::move(date_format)) {}

std::string LogPattern::unknown_field() const {
  for (std::size_t at = 0; (at = format_.find('%', at)) != std::string::npos;) {
    const std::optional<Field> field = take_field(format_, at);
    if (field && !is_known(field->name)) return std::string(field->name);
    if (!field) ++at;
  }
  return {};
}

std::string LogPattern::render(log::Level level, std::string_view text, std::time_t now) const {
  const auto value = [&](std::string_view name) -> std::string {
    if (name == "asctime") return time_text(date_format_, now);
    if (name == "levelname") return std::string(level_name(level));
    if (name == "message") return std::string(text);
    if (name == "name") return "root";
    if (name == "process") return std::to_string(getpid());
    if (name == "msecs") return "0";
    if (name == "created") return std::to_string(now);
    return "-";
  };
  std::string line;
  for (std::size_t at = 0; at < format_.size();) {
    if (const std::optional<Field> field = take_field(format_, at)) {
      line += padded(value(field->name), field->width);
    } else if (format_.compare(at, 2, "%%") == 0) {
      line += '%';
      at += 2;
    } else {
      line += format_[at++];
    }
  }
  return line;
}

}  // namespace scaler::config
