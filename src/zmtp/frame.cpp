#include "zmtp/frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace scaler::zmtp {

Result<std::optional<Frame>> FrameDecoder::next(FrameReader& reader) {
  while (true) {
    SCALER_TRY(progress, step(reader));
    if (progress == Progress::stuck) return std::optional<Frame>{};
    if (progress == Progress::frame) return std::optional<Frame>{std::exchange(frame_, Frame{})};
  }
}

Result<FrameDecoder::Progress> FrameDecoder::step(FrameReader& reader) {
  switch (step_) {
    case Step::flags:
      return read_flags(reader);
    case Step::short_length:
      return read_short_length(reader);
    case Step::long_length:
      return read_long_length(reader);
    case Step::body:
      return read_body(reader);
    case Step::discard:
      return discard_part(reader);
  }
  std::abort();
}

Result<FrameDecoder::Progress> FrameDecoder::read_flags(FrameReader& reader) {
  if (reader.unread().empty()) return Progress::stuck;
  flags_ = reader.unread()[0];
  const bool reserved = is(~(flag::more | flag::long_length | flag::command));
  if (reserved || (is(flag::command) && is(flag::more)))
    return Error{Errc::protocol, fmt::format("frame flags 0x{:02x}, which ZMTP 3 does not allow",
                                             std::to_integer<unsigned>(flags_))};
  if (!is(flag::command) && !messages_allowed_)
    return Error{Errc::protocol, "a message before the peer's READY"};
  reader.consume(1);
  step_ = is(flag::long_length) ? Step::long_length : Step::short_length;
  return Progress::stepped;
}

Result<FrameDecoder::Progress> FrameDecoder::read_short_length(FrameReader& reader) {
  if (reader.unread().empty()) return Progress::stuck;
  const auto length = std::to_integer<std::uint64_t>(reader.unread()[0]);
  reader.consume(1);
  return on_length(length);
}

Result<FrameDecoder::Progress> FrameDecoder::read_long_length(FrameReader& reader) {
  if (reader.unread().size() < 8) return Progress::stuck;
  const std::uint64_t length = load_be64(reader.unread().data());
  reader.consume(8);
  return on_length(length);
}

// The parts of one message together may be as long as a message in one part.
Result<FrameDecoder::Progress> FrameDecoder::on_length(std::uint64_t length) {
  const bool command = is(flag::command);
  const bool part = !command && (in_multipart_ || is(flag::more));
  const std::uint64_t limit =
      command ? std::min(command_bytes_max, message_bytes_max_) : message_bytes_max_;
  const std::uint64_t before = part ? multipart_bytes_ : 0;
  if (length > limit - before)
    return Error{
        Errc::too_large,
        fmt::format("a {} of {} bytes{}, the limit is {}", command ? "command" : "message", length,
                    before > 0 ? fmt::format(" after {} in earlier parts", before) : "", limit)};
  length_ = length;
  if (part) multipart_bytes_ += length;
  step_ = part ? Step::discard : Step::body;
  return Progress::stepped;
}

FrameDecoder::Progress FrameDecoder::read_body(FrameReader& reader) {
  auto body = reader.take_body(length_);
  if (!body) return Progress::stuck;
  frame_ = {is(flag::command) ? FrameKind::command : FrameKind::message, std::move(*body)};
  step_ = Step::flags;
  return Progress::frame;
}

FrameDecoder::Progress FrameDecoder::discard_part(FrameReader& reader) {
  const auto here =
      static_cast<std::size_t>(std::min<std::uint64_t>(length_, reader.unread().size()));
  reader.consume(here);
  length_ -= here;
  if (length_ > 0) return Progress::stuck;
  step_ = Step::flags;
  in_multipart_ = is(flag::more);
  if (in_multipart_) return Progress::stepped;
  multipart_bytes_ = 0;
  frame_ = {FrameKind::multipart, {}};
  return Progress::frame;
}

FrameHeader make_frame_header(std::byte flags, std::uint64_t body_bytes) {
  FrameHeader header;
  if (body_bytes <= 255) {
    header.bytes[0] = flags;
    header.bytes[1] = static_cast<std::byte>(body_bytes);
    header.size = 2;
  } else {
    header.bytes[0] = flags | flag::long_length;
    store_be64(header.bytes.data() + 1, body_bytes);
    header.size = 9;
  }
  return header;
}

}  // namespace scaler::zmtp
