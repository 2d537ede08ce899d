#include "wire/segments.hpp"

namespace scaler::wire {
namespace {

// Builders of the peers start with 8 KiB and grow by doubling: 20 segments hold a gigabyte. The
// library's own stream reader stops at this number too.
constexpr std::uint64_t segments_max = 512;
constexpr int nesting_max = 64;

Error bad_frame(std::string text) { return {Errc::bad_message, "segment table: " + text}; }

}  // namespace

Status check_segment_table(ByteView frame, Trailing trailing) {
  if (frame.size() < word_bytes) return bad_frame("frame ends before it");
  const std::uint64_t count = std::uint64_t{load_le32(frame.data())} + 1;
  if (count > segments_max) return bad_frame(std::to_string(count) + " segments");
  const std::uint64_t table_bytes = (4 + 4 * count + 7) / 8 * 8;
  if (table_bytes > frame.size()) return bad_frame("frame ends inside it");

  std::uint64_t announced = table_bytes;  // at most 2^9 times 2^35: no overflow
  for (std::uint64_t i = 0; i < count; ++i)
    announced += std::uint64_t{load_le32(frame.data() + 4 + 4 * i)} * word_bytes;
  const bool fits =
      trailing == Trailing::ignored ? announced <= frame.size() : announced == frame.size();
  if (!fits)
    return bad_frame("announces " + std::to_string(announced) + " bytes in a frame of " +
                     std::to_string(frame.size()));
  return ok();
}

Bytes word_aligned(const Bytes& frame) {
  const auto address = reinterpret_cast<std::uintptr_t>(frame.data());
  return address % alignof(capnp::word) == 0 ? frame : Bytes::copy_of(frame.view());
}

capnp::ReaderOptions reader_options(std::size_t frame_bytes) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 2 * (frame_bytes / word_bytes) + 64;
  options.nestingLimit = nesting_max;
  return options;
}

kj::ArrayPtr<const capnp::word> words_of(ByteView aligned_frame) {
  return {reinterpret_cast<const capnp::word*>(aligned_frame.data()),
          aligned_frame.size() / word_bytes};
}

}  // namespace scaler::wire
