#include "base/printable.hpp"

#include <fmt/format.h>

#include <iterator>

namespace scaler {

std::string printable(ByteView bytes, std::size_t bytes_max) {
  std::string text;
  for (const std::byte byte : bytes.first(std::min(bytes.size(), bytes_max))) {
    const auto code = std::to_integer<unsigned char>(byte);
    if (code >= 0x20 && code < 0x7f && code != '\\')
      text += static_cast<char>(code);
    else
      fmt::format_to(std::back_inserter(text), "\\x{:02x}", code);
  }
  if (bytes.size() > bytes_max) text += "...";
  return text;
}

}  // namespace scaler
