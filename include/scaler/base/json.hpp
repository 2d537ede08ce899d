#pragma once

#include <string>
#include <string_view>

// Writing JSON (RFC 8259). Nothing here reads it.
namespace scaler::json {

// A string with its quotes. Bytes that are not UTF-8 become U+FFFD, one for each.
std::string quoted(std::string_view text);

}  // namespace scaler::json
