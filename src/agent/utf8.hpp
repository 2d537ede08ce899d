#pragma once

#include <string>
#include <string_view>

namespace scaler::agent {

// The text with each byte that is no part of a UTF-8 sequence (RFC 3629: no surrogates, nothing
// overlong) replaced by U+FFFD, so that every reader can decode it.
std::string to_utf8(std::string_view text);

}  // namespace scaler::agent
