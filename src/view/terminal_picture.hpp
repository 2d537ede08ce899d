#pragma once

#include <string>

#include "scaler/view/top_screen.hpp"

namespace scaler::view {

struct PictureRequest {
  TerminalSize size;
  std::size_t first_row = 0;  // of the lower block; too far down shows its end
  std::string notice;         // empty: none
  bool keys_shown = true;     // the line of shortcuts, and that of the notice
  bool faint = false;         // all but the notice: it is old
};

struct Picture {
  Frame frame;
  std::size_t first_row = 0;  // that was shown
  std::size_t page_rows = 0;  // how many fit
};

// The picture fits any size: blocks go from the right, names become narrow, columns are left out.
Picture draw_picture(const Heard& heard, const Choices& choices, const PictureRequest& request);

// The page that '?' shows.
Frame draw_help(TerminalSize size);

}  // namespace scaler::view
