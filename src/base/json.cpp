#include "scaler/base/json.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

namespace scaler::json {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

struct Shape {
  std::size_t length;    // bytes of the sequence
  std::uint32_t bits;    // of its first byte
  std::uint32_t lowest;  // code point that needs so many bytes
};

Shape shape_of(unsigned char first) {
  if (first < 0x80) return {1, first, 0};
  if ((first & 0xe0U) == 0xc0) return {2, first & 0x1fU, 0x80};
  if ((first & 0xf0U) == 0xe0) return {3, first & 0x0fU, 0x800};
  if ((first & 0xf8U) == 0xf0) return {4, first & 0x07U, 0x10000};
  return {0, 0, 0};
}

// The length of the sequence at the text's beginning; 0 when it is none (RFC 3629).
std::size_t sequence_length(std::string_view text) {
  const Shape shape = shape_of(static_cast<unsigned char>(text[0]));
  if (shape.length == 0 || shape.length > text.size()) return 0;
  std::uint32_t code = shape.bits;
  for (std::size_t i = 1; i < shape.length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0U) != 0x80) return 0;
    code = (code << 6U) | (byte & 0x3fU);
  }
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < shape.lowest || code > 0x10ffff || surrogate ? 0 : shape.length;
}

void add_ascii(std::string& out, char letter) {
  switch (letter) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(letter);
  if (byte < 0x20 || byte == 0x7f)
    out += fmt::format("\\u{:04x}", byte);
  else
    out += letter;
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0)
      out += replacement;
    else if (length == 1)
      add_ascii(out, text[0]);
    else
      out += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + '"';
}

}  // namespace scaler::json
