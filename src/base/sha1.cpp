#include "base/sha1.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

namespace scaler {

namespace {

constexpr std::size_t block_bytes = 64;
constexpr std::size_t length_bytes = 8;
using Sha1State = std::array<std::uint32_t, 5>;

std::uint32_t load_be32(const std::byte* from) {
  std::uint32_t value;
  std::memcpy(&value, from, sizeof value);
  return __builtin_bswap32(value);
}

std::uint32_t mixed(unsigned round, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  if (round < 20) return ((b & c) | (~b & d)) + 0x5a827999U;
  if (round < 40) return (b ^ c ^ d) + 0x6ed9eba1U;
  if (round < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcU;
  return (b ^ c ^ d) + 0xca62c1d6U;
}

void add_block(Sha1State& state, const std::byte* block) {
  std::array<std::uint32_t, 80> words;
  for (std::size_t i = 0; i < 16; ++i) words[i] = load_be32(block + 4 * i);
  for (std::size_t i = 16; i < words.size(); ++i)
    words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  auto [a, b, c, d, e] = state;
  for (unsigned i = 0; i < words.size(); ++i) {
    const std::uint32_t next = std::rotl(a, 5) + mixed(i, b, c, d) + e + words[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
}

}  // namespace

std::array<std::byte, 20> sha1(ByteView input) {
  Sha1State state{0x67452301U, 0xefcdab89U, 0x98badcfeU, 0x10325476U, 0xc3d2e1f0U};
  std::size_t at = 0;
  for (; input.size() - at >= block_bytes; at += block_bytes) add_block(state, input.data() + at);

  // What is left, a one bit, zeros, and the length in bits.
  std::array<std::byte, 2 * block_bytes> tail{};
  const std::size_t left = input.size() - at;
  if (left > 0) std::memcpy(tail.data(), input.data() + at, left);
  tail[left] = std::byte{0x80};
  const std::size_t tail_bytes =
      left + 1 + length_bytes <= block_bytes ? block_bytes : 2 * block_bytes;
  store_be64(tail.data() + tail_bytes - length_bytes, std::uint64_t{input.size()} * 8);
  for (std::size_t block = 0; block < tail_bytes; block += block_bytes)
    add_block(state, tail.data() + block);

  std::array<std::byte, 20> digest;
  for (std::size_t i = 0; i < state.size(); ++i) store_be32(digest.data() + 4 * i, state[i]);
  return digest;
}

}  // namespace scaler
