#include "scaler/view/formats.hpp"

#include <fmt/format.h>

#include <array>

#include "scaler/base/utf8.hpp"

namespace scaler::view {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

struct Range {
  char32_t first;
  char32_t last;
};

// Controls, marks of direction, joiners, separators of lines, and others that show nothing.
constexpr std::array unsafe = {Range{0x00, 0x1f},     Range{0x7f, 0x9f},      Range{0xad, 0xad},
                               Range{0x61c, 0x61c},   Range{0x180e, 0x180e},  Range{0x200b, 0x200f},
                               Range{0x2028, 0x202e}, Range{0x2060, 0x206f},  Range{0xfeff, 0xfeff},
                               Range{0xfff0, 0xfffb}, Range{0xe0000, 0xe0fff}};

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{}B", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{}K", bytes / 1024);
  auto amount = static_cast<double>(bytes) / 1024;
  std::string_view units = "KMGTPE";
  while (amount >= 1024 && units.size() > 1) {
    amount /= 1024;
    units.remove_prefix(1);
  }
  return fmt::format("{:.1f}{}", amount, units[0]);
}

std::string count_text(std::uint64_t count) {
  std::string text = fmt::format("{}", count);
  for (std::size_t place = text.size(); place > 3;) text.insert(place -= 3, 1, ',');
  return text;
}

std::string percent_text(std::uint64_t permille) {
  return fmt::format("{}.{}%", permille / 10, permille % 10);
}

std::string lag_text(std::uint64_t lag_us) {
  if (lag_us < 1000) return fmt::format("{:.1f}ms", static_cast<double>(lag_us) / 1000);
  if (lag_us < 1'000'000) return fmt::format("{}ms", lag_us / 1000);
  const std::uint64_t seconds = lag_us / 1'000'000;
  return fmt::format("{}{}s", seconds, seconds > 1000 ? "+" : "");
}

std::string seen_text(std::uint64_t seconds) {
  return seconds > 60 ? "60+s" : fmt::format("{}s", seconds);
}

std::uint64_t megabytes_of(std::uint64_t bytes) { return bytes / 1'000'000; }

bool is_unsafe(char32_t code) {
  for (const Range& range : unsafe)
    if (code >= range.first && code <= range.last) return true;
  return false;
}

std::string display_text(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const CodePoint point = first_code_point(bytes);
    text += !point.valid || is_unsafe(point.code) ? replacement : bytes.substr(0, point.length);
    bytes.remove_prefix(point.length);
  }
  return text;
}

}  // namespace scaler::view
