#pragma once

#include <string_view>

// The lines of a message's head, without the empty one.
namespace scaler::http {

bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string_view trimmed(std::string_view text);  // of spaces and tabs

// Takes what stands before `mark`, and the mark; all when there is none.
std::string_view take_until(std::string_view& rest, std::string_view mark);

}  // namespace scaler::http
