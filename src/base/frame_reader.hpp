#pragma once

#include <optional>

#include "scaler/base/bytes.hpp"

namespace scaler {

// The receiving half of a framed connection: where the kernel writes, and how frames are taken out.
// Headers and short frames pass through a read buffer and are copied once, into a block of exactly
// their size. A long frame that has not arrived yet is received in place, into a block that grows
// with what has arrived. Between two reads an idle connection holds no memory, one with a part of a
// frame holds little more than that part; the read buffer itself serves all connections of a
// thread.
class FrameReader {
 public:
  static constexpr std::size_t read_buffer_bytes = std::size_t{64} << 10;
  static constexpr std::size_t in_place_bytes_min = std::size_t{32} << 10;
  static constexpr std::size_t in_place_first_bytes = std::size_t{1} << 20;
  // From so much on a frame is let grow further at once: of a block that large, room that nothing
  // was written to is no more than addresses.
  static constexpr std::size_t in_place_wide_bytes = std::size_t{4} << 20;
  static constexpr std::uint64_t wide_growth = 16;
  static constexpr std::uint64_t wide_room_bytes_max = std::uint64_t{1} << 30;

  std::span<std::byte> receive_buffer();  // never empty
  void received(std::size_t bytes);

  // What has arrived and is not yet consumed; empty while a long frame is received in place.
  ByteView unread() const { return buffer_.view().subspan(consumed_); }
  void consume(std::size_t bytes);

  // The next `length` bytes as a block of their own, or nothing until all are there; then ask again
  // with the same length and consume nothing meanwhile.
  std::optional<Bytes> take_body(std::uint64_t length);

  // Nothing more can be parsed until more arrives: gives back the memory that is not needed.
  void settle();

 private:
  void make_room();

  Buffer buffer_;  // the read buffer, or a small block with the part of a frame
  std::size_t consumed_ = 0;
  Buffer body_;                    // a long frame on its way
  std::uint64_t body_length_ = 0;  // 0: none is on its way
};

}  // namespace scaler
