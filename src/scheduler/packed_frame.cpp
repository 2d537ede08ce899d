#include "scheduler/packed_frame.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "scaler/base/assert.hpp"

// The number of words (four bytes), then for each word of eight bytes a tag with one bit per byte
// that is not zero, and those bytes. After a word without zeros comes the number of further such
// words (at most 255) and these, as they are; after a word of zeros the number of further such
// words. One zero byte ends it all, so that both directions can touch a byte for each bit, set or
// not, without a branch.
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

void subtract(std::byte* from, ByteView pattern) {
  for (std::size_t at = 0; at < pattern.size(); at += word_bytes)
    store_le64(from + at, load_le64(from + at) ^ load_le64(pattern.data() + at));
}

// Words after the one at `word` that look like it: none has a zero byte, or all are zeros.
std::size_t run_after(const std::byte* word, std::size_t words_left, std::uint8_t tag) {
  const std::size_t most = std::min(words_left, run_words_max);
  std::size_t run = 0;
  while (run < most && tag_of(word + (1 + run) * word_bytes) == tag) ++run;
  return run;
}

}  // namespace

std::optional<Bytes> pack_frame(ByteView frame, ByteView pattern) {
  if (frame.size() % word_bytes != 0 || frame.size() > frame_bytes_max) return std::nullopt;
  std::array<std::byte, frame_bytes_max> difference;
  if (!pattern.empty()) {
    SCALER_ASSERT(pattern.size() == frame.size(), "a pattern has the frame's length");
    std::copy(frame.begin(), frame.end(), difference.begin());
    subtract(difference.data(), pattern);
    frame = ByteView(difference).first(frame.size());
  }
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
    if (tag != full && tag != 0) continue;
    const std::size_t run = run_after(word, words - at - 1, tag);
    packed[to++] = static_cast<std::byte>(run);
    at += run;
    if (tag == 0) continue;
    std::memcpy(packed.data() + to, word + word_bytes, run * word_bytes);
    to += run * word_bytes;
  }
  packed[to++] = std::byte{0};
  if (to > frame.size() - frame.size() / 8) return std::nullopt;
  return Bytes::copy_of(ByteView(packed).first(to));
}

Bytes unpack_frame(ByteView packed, ByteView pattern) {
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
    if (tag != full && tag != 0) continue;
    const auto run = std::to_integer<std::size_t>(*from++);
    if (tag == 0) {
      std::memset(to + word_bytes, 0, run * word_bytes);
    } else {
      std::memcpy(to + word_bytes, from, run * word_bytes);
      from += run * word_bytes;
    }
    to += run * word_bytes;
    at += run;
  }
  SCALER_ASSERT(from + end_bytes == packed.data() + packed.size(), "a packed frame has its length");
  SCALER_ASSERT(pattern.empty() || pattern.size() == words * word_bytes, "this pattern was used");
  subtract(frame.data(), pattern);
  frame.commit(words * word_bytes);
  return std::move(frame).freeze();
}

}  // namespace scaler::scheduler
