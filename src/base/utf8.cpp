#include "scaler/base/utf8.hpp"

namespace scaler {
namespace {

struct Shape {
  std::size_t length;  // bytes of the sequence
  char32_t bits;       // of its first byte
  char32_t lowest;     // code point that needs so many bytes
};

Shape shape_of(unsigned char first) {
  if (first < 0x80) return {1, first, 0};
  if ((first & 0xe0U) == 0xc0) return {2, first & 0x1fU, 0x80};
  if ((first & 0xf0U) == 0xe0) return {3, first & 0x0fU, 0x800};
  if ((first & 0xf8U) == 0xf0) return {4, first & 0x07U, 0x10000};
  return {0, 0, 0};
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
  const Shape shape = shape_of(static_cast<unsigned char>(text[0]));
  if (shape.length == 0 || shape.length > text.size()) return {};
  char32_t code = shape.bits;
  for (std::size_t i = 1; i < shape.length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0U) != 0x80) return {};
    code = (code << 6U) | (byte & 0x3fU);
  }
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < shape.lowest || code > 0x10ffff || surrogate) return {};
  return {code, shape.length, true};
}

}  // namespace scaler
