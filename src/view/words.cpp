#include "view/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "scaler/base/utf8.hpp"
#include "scaler/view/answers.hpp"
#include "scaler/view/formats.hpp"

namespace scaler::view {
namespace {

struct Places {
  char32_t first;
  char32_t last;
};

template <std::size_t Count>
bool is_in(char32_t code, const std::array<Places, Count>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Places& range) {
    return code >= range.first && code <= range.last;
  });
}

// Places that a terminal gives to the text, which is printable.
std::size_t width_of(std::string_view text) {
  constexpr std::array<Places, 2> combining = {{{0x300, 0x36f}, {0xfe00, 0xfe0f}}};
  constexpr std::array<Places, 8> wide = {{{0x1100, 0x115f},
                                           {0x2e80, 0xa4cf},
                                           {0xac00, 0xd7a3},
                                           {0xf900, 0xfaff},
                                           {0xfe30, 0xfe6f},
                                           {0xff00, 0xff60},
                                           {0x1f300, 0x1faff},
                                           {0x20000, 0x3fffd}}};
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    text.remove_prefix(point.length);
    if (!is_in(point.code, combining)) width += is_in(point.code, wide) ? 2 : 1;
  }
  return width;
}

}  // namespace

std::string_view name_of(wire::TaskState state) {
  constexpr std::array<std::string_view, 11> names = {"waiting",
                                                      "running",
                                                      "canceling",
                                                      "balance_canceling",
                                                      "success",
                                                      "failed",
                                                      "failed_worker_died",
                                                      "canceled",
                                                      "canceled_not_found",
                                                      "balance_canceled",
                                                      "worker_disconnecting"};
  return names.at(static_cast<std::size_t>(state));
}

std::string_view name_of(scheduler::Standing standing) {
  constexpr std::array<std::string_view, 7> names = {"unknown", "waiting",   "waiting_for_inputs",
                                                     "running", "canceling", "balance_canceling",
                                                     "graph"};
  return names.at(static_cast<std::size_t>(standing));
}

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const std::string_view letter = text.substr(0, point.length);
    text.remove_prefix(point.length);
    if (point.valid && !is_unsafe(point.code)) {
      shown += letter;
    } else {
      for (const char byte : letter)
        shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  return shown;
}

std::string shown_answer(std::string_view answer) {
  std::string shown;
  for (std::size_t end; !answer.empty(); answer.remove_prefix(end)) {
    end = answer.find('\n');
    shown += printable(answer.substr(0, end));
    if (end == std::string_view::npos) break;
    shown += '\n';
    ++end;
  }
  return shown;
}

std::string megabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string percent(std::uint16_t permille) { return fmt::format("{:.1f}%", permille / 10.0); }

std::string percentage(std::uint64_t permille) {
  return fmt::format("{}.{}", permille / 10, permille % 10);
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " and " : ", ";
    text += printable(words[i]);
  }
  return text;
}

std::string capabilities_text(const wire::Capabilities& offered) {
  std::string text;
  for (const wire::Capability& one : offered) {
    if (!text.empty()) text += ", ";
    text += printable(one.name);
    if (one.value != -1) text += fmt::format("={}", one.value);
  }
  return text;
}

std::string plural(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += i + 1 == row.size() ? row[i]
                                  : row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace scaler::view
