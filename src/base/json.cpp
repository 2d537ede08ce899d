#include "scaler/base/json.hpp"

#include <fmt/format.h>

#include "scaler/base/utf8.hpp"

namespace scaler::json {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

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
    const CodePoint point = first_code_point(text);
    if (!point.valid)
      out += replacement;
    else if (point.length == 1)
      add_ascii(out, text[0]);
    else
      out += text.substr(0, point.length);
    text.remove_prefix(point.length);
  }
  return out + '"';
}

}  // namespace scaler::json
