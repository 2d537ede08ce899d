#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// For messages about what a user typed.
namespace scaler::config {

// The candidate with the fewest edits from `word`, for "did you mean"; empty when even that one
// differs in more than a third of its letters.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// What was typed, fit for one line: control characters escaped, shortened when long.
std::string printable(std::string_view text, std::size_t shown_bytes_max = 120);

}  // namespace scaler::config
