#pragma once

#include <array>
#include <optional>

#include "base/frame_reader.hpp"
#include "scaler/base/bytes.hpp"
#include "scaler/base/result.hpp"

namespace scaler::zmtp {

// ZMTP 3.1, RFC 37, "framing": one byte of flags, a length of one or eight bytes, the body.
namespace flag {
inline constexpr std::byte more{0x01};
inline constexpr std::byte long_length{0x02};
inline constexpr std::byte command{0x04};
}  // namespace flag

// Commands are ours to read and stay small; a message may be as long as the session allows.
inline constexpr std::uint64_t command_bytes_max = std::uint64_t{16} << 10;

enum class FrameKind : std::uint8_t {
  message,    // one part, which is the whole message
  command,    // body: see command.hpp
  multipart,  // the end of a message in several parts; they were thrown away and the body is empty
};

struct Frame {
  FrameKind kind;
  Bytes body;
};

// Takes frames out of a reader, one step at a time.
class FrameDecoder {
 public:
  explicit FrameDecoder(std::uint64_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  void allow_messages() { messages_allowed_ = true; }  // the handshake is done
  Result<std::optional<Frame>> next(FrameReader& reader);

 private:
  enum class Step : std::uint8_t { flags, short_length, long_length, body, discard };
  enum class Progress : std::uint8_t { stuck, stepped, frame };

  Result<Progress> step(FrameReader& reader);
  Result<Progress> read_flags(FrameReader& reader);
  Result<Progress> read_short_length(FrameReader& reader);
  Result<Progress> read_long_length(FrameReader& reader);
  Result<Progress> on_length(std::uint64_t length);
  Progress read_body(FrameReader& reader);
  Progress discard_part(FrameReader& reader);
  bool is(std::byte which) const { return (flags_ & which) != std::byte{0}; }

  const std::uint64_t message_bytes_max_;
  std::uint64_t length_ = 0;           // of the body, or what is left of it to discard
  std::uint64_t multipart_bytes_ = 0;  // of the parts seen so far
  std::byte flags_{};
  Step step_ = Step::flags;
  bool in_multipart_ = false;
  bool messages_allowed_ = false;
  Frame frame_{};
};

// A frame header as libzmq writes it: the long form exactly above 255 bytes.
struct FrameHeader {
  std::array<std::byte, 9> bytes{};
  std::size_t size = 0;
  ByteView view() const { return {bytes.data(), size}; }
};
FrameHeader make_frame_header(std::byte flags, std::uint64_t body_bytes);

}  // namespace scaler::zmtp
