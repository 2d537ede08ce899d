#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scaler/base/result.hpp"

namespace scaler::config {

// A capability's name and its quantity; -1: present, without a quantity.
using Capability = std::pair<std::string, std::int64_t>;

// "linux,cpu=4" -> {linux, -1}, {cpu, 4}. Names are trimmed, empty items dropped; "name=" is
// "name". A name given twice keeps its first place and its last quantity.
Result<std::vector<Capability>> parse_capabilities(std::string_view text);

// The same text again: "linux,cpu=4".
std::string to_string(const std::vector<Capability>& capabilities);

}  // namespace scaler::config
