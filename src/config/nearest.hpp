#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scaler::config {

// The candidate with the fewest edits from `word`, for "did you mean"; empty when even that one
// differs in more than a third of its letters.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace scaler::config
