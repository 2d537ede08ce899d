#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scaler/config/words.hpp"

// Small things about text that several files of this room need.
namespace scaler::config {

bool equal_ignoring_case(std::string_view left, std::string_view right);
std::string_view trimmed(std::string_view text);
std::vector<std::string> split_at(std::string_view text, char separator);

// Decimal digits, perhaps after a sign and with single underscores between them ("1_000"). Nothing
// when it is anything else or does not fit.
std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace scaler::config
