#include "scaler/view/terminal_paint.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "view/terminal_text.hpp"

namespace scaler::view {
namespace {

std::string_view begin_of(Style style) {
  switch (style) {
    case Style::heading:
      return "\x1b[7m";
    case Style::notice:
      return "\x1b[1m";
    case Style::faint:
      return "\x1b[2m";
    case Style::plain:
      break;
  }
  return "";
}

// The end of the line is erased first: a full line leaves the cursor at the margin, where erasing
// would take its last character away.
std::string line_sequence(std::size_t row, const Line& line, Letters letters) {
  const std::string_view begin = begin_of(line.style);
  return fmt::format("\x1b[{};1H\x1b[K{}{}{}", row + 1, begin,
                     letters == Letters::utf8 ? line.text : to_ascii(line.text),
                     begin.empty() ? "" : "\x1b[0m");
}

}  // namespace

std::string enter_sequence() { return "\x1b[?1049h\x1b[?7l\x1b[?25l\x1b[2J"; }

std::string leave_sequence() { return "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"; }

std::string paint(const Frame& before, const Frame& after, Letters letters) {
  std::string bytes;
  for (std::size_t row = 0; row < std::max(before.size(), after.size()); ++row) {
    const Line line = row < after.size() ? after[row] : Line{};
    const Line old = row < before.size() ? before[row] : Line{};
    if (line != old) bytes += line_sequence(row, line, letters);
  }
  return bytes;
}

std::string paint_everything(const Frame& after, Letters letters) {
  return "\x1b[0m\x1b[2J" + paint({}, after, letters);
}

}  // namespace scaler::view
