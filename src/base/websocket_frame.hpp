#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "scaler/base/bytes.hpp"
#include "scaler/base/result.hpp"

// The frames of a WebSocket connection (RFC 6455, 5), without extensions.
namespace scaler::websocket {

constexpr std::size_t mask_bytes = 4;
constexpr std::size_t control_bytes_max = 125;
using Mask = std::array<std::byte, mask_bytes>;

enum class Opcode : std::uint8_t { more = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

struct Header {
  Opcode opcode = Opcode::binary;
  bool is_last = true;  // of its message
  bool is_masked = false;
  std::uint64_t payload_bytes = 0;
  Mask mask{};
  std::size_t size = 0;
  bool is_control() const { return opcode >= Opcode::close; }
};

// Nothing while more bytes are needed.
Result<std::optional<Header>> parse_header(ByteView bytes);

// `offset`: of the bytes in their frame's payload.
void apply_mask(std::span<std::byte> bytes, const Mask& mask, std::uint64_t offset);

// The first bytes of a whole message's frame: all before the mask, or before the payload.
class FrameStart {
 public:
  FrameStart(Opcode opcode, std::size_t payload_bytes, bool is_masked);
  ByteView view() const { return ByteView(bytes_).first(size_); }

 private:
  std::array<std::byte, 10> bytes_{};
  std::size_t size_ = 2;
};

}  // namespace scaler::websocket
