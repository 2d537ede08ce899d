#include "base/websocket_frame.hpp"

#include <algorithm>

namespace scaler::websocket {

namespace {

Error wrong(std::string text) { return {Errc::protocol, "WebSocket: " + std::move(text)}; }

bool is_known(unsigned opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

}  // namespace

Result<std::optional<Header>> parse_header(ByteView bytes) {
  if (bytes.size() < 2) return std::optional<Header>{};
  const auto first = std::to_integer<unsigned>(bytes[0]);
  const auto second = std::to_integer<unsigned>(bytes[1]);
  if ((first & 0x70U) != 0) return wrong("a frame of an extension that was not agreed on");
  if (!is_known(first & 0x0fU)) return wrong("a frame of an unknown kind");
  Header header;
  header.opcode = static_cast<Opcode>(first & 0x0fU);
  header.is_last = (first & 0x80U) != 0;
  header.is_masked = (second & 0x80U) != 0;
  const unsigned length = second & 0x7fU;
  const std::size_t length_bytes = length == 127 ? 8 : length == 126 ? 2 : 0;
  header.size = 2 + length_bytes + (header.is_masked ? mask_bytes : 0);
  if (header.is_control() && (length > control_bytes_max || !header.is_last))
    return wrong("a control frame that is long or in parts");
  if (bytes.size() < header.size) return std::optional<Header>{};
  header.payload_bytes = length;
  if (length_bytes > 0) {
    std::array<std::byte, 8> number{};
    std::copy_n(bytes.begin() + 2, length_bytes,
                number.end() - static_cast<std::ptrdiff_t>(length_bytes));
    header.payload_bytes = load_be64(number.data());
  }
  if (header.payload_bytes >> 63 != 0) return wrong("a frame with a negative length");
  if (header.is_masked)
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(header.size - mask_bytes), mask_bytes,
                header.mask.begin());
  return std::optional(header);
}

void apply_mask(std::span<std::byte> bytes, const Mask& mask, std::uint64_t offset) {
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] ^= mask[(offset + i) % mask_bytes];
}

FrameStart::FrameStart(Opcode opcode, std::size_t payload_bytes, bool is_masked) {
  const unsigned masked = is_masked ? 0x80U : 0;
  bytes_[0] = static_cast<std::byte>(0x80U | static_cast<unsigned>(opcode));
  if (payload_bytes < 126) {
    bytes_[1] = static_cast<std::byte>(masked | payload_bytes);
  } else if (payload_bytes < std::size_t{1} << 16) {
    bytes_[1] = static_cast<std::byte>(masked | 126U);
    bytes_[2] = static_cast<std::byte>(payload_bytes >> 8);
    bytes_[3] = static_cast<std::byte>(payload_bytes & 0xffU);
    size_ = 4;
  } else {
    bytes_[1] = static_cast<std::byte>(masked | 127U);
    store_be64(bytes_.data() + 2, payload_bytes);
    size_ = 10;
  }
}

}  // namespace scaler::websocket
