#pragma once

#include <cstddef>
#include <string_view>

namespace scaler {

// What stands at the front of a text. A byte that is no part of a UTF-8 sequence (RFC 3629: no
// surrogates, nothing overlong) is U+FFFD of length 1, and not `valid`.
struct CodePoint {
  char32_t code = U'\ufffd';
  std::size_t length = 1;  // bytes
  bool valid = false;
};
CodePoint first_code_point(std::string_view text);  // of a text that is not empty

}  // namespace scaler
