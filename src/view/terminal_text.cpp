#include "view/terminal_text.hpp"

#include <algorithm>
#include <array>

#include "scaler/base/utf8.hpp"

namespace scaler::view {
namespace {

struct CodeRange {
  char32_t first;
  char32_t last;
};

template <std::size_t count>
bool is_in(const std::array<CodeRange, count>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const CodeRange& range) {
    return code >= range.first && code <= range.last;
  });
}

// Marks that stand on the character before them (of Unicode's general category Mn, the blocks that
// names are written with).
constexpr std::array marks = {
    CodeRange{0x300, 0x36f},   CodeRange{0x483, 0x489},   CodeRange{0x591, 0x5bd},
    CodeRange{0x610, 0x61a},   CodeRange{0x64b, 0x65f},   CodeRange{0x93c, 0x93c},
    CodeRange{0x941, 0x948},   CodeRange{0x94d, 0x94d},   CodeRange{0xe31, 0xe31},
    CodeRange{0xe34, 0xe3a},   CodeRange{0xe47, 0xe4e},   CodeRange{0x1ab0, 0x1aff},
    CodeRange{0x1dc0, 0x1dff}, CodeRange{0x20d0, 0x20f0}, CodeRange{0xfe00, 0xfe0f},
    CodeRange{0xfe20, 0xfe2f}};

// East Asian Wide and Fullwidth (Unicode Annex 11), and pictures.
constexpr std::array wide = {
    CodeRange{0x1100, 0x115f},   CodeRange{0x2e80, 0x303e},   CodeRange{0x3041, 0x33ff},
    CodeRange{0x3400, 0x4dbf},   CodeRange{0x4e00, 0x9fff},   CodeRange{0xa000, 0xa4cf},
    CodeRange{0xac00, 0xd7a3},   CodeRange{0xf900, 0xfaff},   CodeRange{0xfe30, 0xfe6f},
    CodeRange{0xff00, 0xff60},   CodeRange{0xffe0, 0xffe6},   CodeRange{0x1f300, 0x1f64f},
    CodeRange{0x1f680, 0x1f6ff}, CodeRange{0x1f900, 0x1f9ff}, CodeRange{0x20000, 0x3fffd}};

std::size_t width_of(char32_t code) {
  if (code < 0x300) return 1;
  if (is_in(marks, code)) return 0;
  return is_in(wide, code) ? 2 : 1;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    columns += width_of(point.code);
    text.remove_prefix(point.length);
  }
  return columns;
}

std::string_view fitting(std::string_view text, std::size_t columns) {
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    const CodePoint point = first_code_point(text.substr(bytes));
    const std::size_t width = width_of(point.code);
    if (width > columns) break;
    columns -= width;
    bytes += point.length;
  }
  return text.substr(0, bytes);
}

std::string cut(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  return std::string(fitting(text, columns - 1)) + '+';
}

std::string cut_name(std::string_view name, std::size_t columns) {
  constexpr std::size_t enough = 20;  // columns for the kind and what tells it from others
  if (columns > enough || columns_of(name) <= columns) return cut(name, columns);
  for (const std::string_view kind : {"Worker|", "Client|"})
    if (name.starts_with(kind)) name.remove_prefix(kind.size());
  return cut(name, columns);
}

std::string right_aligned(std::string_view text, std::size_t columns) {
  std::string shown = cut(text, columns);
  shown.insert(0, columns - std::min(columns, columns_of(shown)), ' ');
  return shown;
}

std::string to_ascii(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (point.code < 0x80)
      result += static_cast<char>(point.code);
    else
      result.append(width_of(point.code), '?');
    text.remove_prefix(point.length);
  }
  return result;
}

}  // namespace scaler::view
