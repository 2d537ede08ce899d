#include "scheduler/packed_frame.hpp"

#include <catch2/catch.hpp>

#include "scaler/base/random.hpp"
#include "scheduler/env.hpp"

namespace scaler::scheduler {

namespace {

// Words of zeros, of a few bytes and of noise, as messages have them.
Bytes frame_of(std::size_t words, Random& random) {
  std::string text;
  for (std::size_t i = 0; i < words; ++i) {
    const std::uint64_t noise = random.next();
    const std::uint64_t word = noise % 3 == 0 ? 0 : noise % 3 == 1 ? noise & 0xff00'00ff : noise;
    std::array<std::byte, 8> bytes;
    store_le64(bytes.data(), word);
    text += as_text(bytes);
  }
  return Bytes::copy_of(text);
}

}  // namespace

TEST_CASE("a packed frame comes back bit for bit", "[scheduler]") {
  Random random(1);
  std::size_t packed_frames = 0;
  for (std::size_t words = 0; words <= 512; ++words) {
    const Bytes frame = frame_of(words, random);
    const auto packed = pack_frame(frame);
    if (!packed) continue;
    ++packed_frames;
    REQUIRE(packed->size() <= frame.size() - frame.size() / 8);
    REQUIRE(unpack_frame(*packed) == frame);
  }
  REQUIRE(packed_frames > 400);
}

TEST_CASE("runs longer than a count can say are packed in parts", "[scheduler]") {
  const auto [noise, zeros] = GENERATE(std::pair(300, 200), std::pair(200, 300));
  const Bytes frame = Bytes::copy_of(std::string(static_cast<std::size_t>(noise) * 8, 'x') +
                                     std::string(static_cast<std::size_t>(zeros) * 8, '\0'));
  const auto packed = pack_frame(frame);
  REQUIRE(packed);
  REQUIRE((unpack_frame(*packed) == frame));
}

TEST_CASE("of a frame like the pattern only the difference is kept", "[scheduler]") {
  Random random(2);
  const Bytes pattern = frame_of(40, random);
  std::string text(pattern.text());
  text.replace(16, 16, "sixteen bytes id");
  const Bytes frame = Bytes::copy_of(text);
  const auto packed = pack_frame(frame, pattern);
  REQUIRE(packed);
  REQUIRE(packed->size() < 40);
  REQUIRE((unpack_frame(*packed, pattern) == frame));
  const Bytes other = frame_of(40, random);
  if (const auto unlike = pack_frame(other, pattern))
    REQUIRE((unpack_frame(*unlike, pattern) == other));
}

TEST_CASE("a frame that packing would hardly shorten, or that is no row of words, stays as it is",
          "[scheduler]") {
  REQUIRE_FALSE(pack_frame(as_bytes(std::string(80, 'x'))));
  REQUIRE_FALSE(pack_frame(as_bytes(std::string(81, '\0'))));
  REQUIRE_FALSE(pack_frame(as_bytes(std::string(8192, '\0'))));
}

}  // namespace scaler::scheduler
