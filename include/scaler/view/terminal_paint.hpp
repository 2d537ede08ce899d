#pragma once

#include <string>

#include "scaler/view/top_screen.hpp"

// The bytes that make a terminal show a frame: ECMA-48 sequences that every terminal of today
// understands.
namespace scaler::view {

enum class Letters : unsigned char { utf8, ascii };

// Takes over the terminal: another screen, no cursor; and gives it back.
std::string enter_sequence();
std::string leave_sequence();

// Turns `before`, which is on the terminal, into `after`: only lines that differ are written, none
// twice. `everything`: what is on the terminal is not known.
std::string paint(const Frame& before, const Frame& after, Letters letters);
std::string paint_everything(const Frame& after, Letters letters);

}  // namespace scaler::view
