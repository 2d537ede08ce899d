#include "scheduler/packed_frame.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "scaler/base/assert.hpp"

// The number of words (four bytes), then for each word of eight bytes a tag with one bit per byte
// that is not zero, and those bytes. After a word without zeros comes the number of further such
// words (at most 255) and these, as they are. One zero byte ends it all, so that both directions
// can touch a byte for each bit, set or not, without a branch.
namespace scaler::scheduler {

namespace {

constexpr std::size_t word_bytes = 8;
constexpr std::size_t count_bytes = 4;
constexpr std::size_t end_bytes = 1;
constexpr std::size_t run_words_max = 255;
constexpr std::size_t frame_bytes_max = 4096;  // a longer one is data, not pointers
constexpr std::uint8_t full = 0xff;

std::uint8_t tag_of(const std::byte* word) {
  unsigned tag = 0;
  for (unsigned i = 0; i < word_bytes; ++i)
    tag |= static_cast<unsigned>(word[i] != std::byte{0}) << i;
  return static_cast<std::uint8_t>(tag);
}

}  // namespace

std::optional<Bytes> pack_frame(ByteView frame) {
  if (frame.size() % word_bytes != 0 || frame.size() > frame_bytes_max) return std::nullopt;
  std::array<std::byte, count_bytes + frame_bytes_max / word_bytes*(word_bytes + 2) + end_bytes>
      packed;
  const std::size_t words = frame.size() / word_bytes;
  store_le32(packed.data(), static_cast<std::uint32_t>(words));
  std::size_t to = count_bytes;
  for (std::size_t at = 0; at < words; ++at) {
    const std::byte* word = frame.data() + at * word_bytes;
    const std::uint8_t tag = tag_of(word);
    packed[to++] = std::byte{tag};
    for (unsigned i = 0; i < word_bytes; ++i) {
      packed[to] = word[i];
      to += (tag >> i) & 1U;
    }
    if (tag != full) continue;
    std::size_t run = 0;
    while (at + 1 + run < words && run < run_words_max &&
           tag_of(word + (1 + run) * word_bytes) == full)
      ++run;
    packed[to++] = static_cast<std::byte>(run);
    std::memcpy(packed.data() + to, word + word_bytes, run * word_bytes);
    to += run * word_bytes;
    at += run;
  }
  packed[to++] = std::byte{0};
  if (to > frame.size() - frame.size() / 8) return std::nullopt;
  return Bytes::copy_of(ByteView(packed).first(to));
}

Bytes unpack_frame(ByteView packed) {
  SCALER_ASSERT(packed.size() >= count_bytes + end_bytes, "a packed frame has a beginning and end");
  const std::size_t words = load_le32(packed.data());
  Buffer frame(words * word_bytes);
  std::byte* to = frame.data();
  const std::byte* from = packed.data() + count_bytes;
  for (std::size_t at = 0; at < words; ++at, to += word_bytes) {
    const auto tag = std::to_integer<std::uint8_t>(*from++);
    for (unsigned i = 0; i < word_bytes; ++i) {
      const unsigned present = (tag >> i) & 1U;
      to[i] = *from & static_cast<std::byte>(0U - present);
      from += present;
    }
    if (tag != full) continue;
    const auto run = std::to_integer<std::size_t>(*from++);
    std::memcpy(to + word_bytes, from, run * word_bytes);
    from += run * word_bytes;
    to += run * word_bytes;
    at += run;
  }
  SCALER_ASSERT(from + end_bytes == packed.data() + packed.size(), "a packed frame has its length");
  frame.commit(words * word_bytes);
  return std::move(frame).freeze();
}

}  // namespace scaler::scheduler
