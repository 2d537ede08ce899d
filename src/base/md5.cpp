#include "base/md5.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace scaler {
namespace {

// floor(2^32 * |sin(i + 1)|), as RFC 1321 section 3.4 defines the table.
std::array<std::uint32_t, 64> sine_table() {
  std::array<std::uint32_t, 64> table{};
  for (std::size_t i = 0; i < table.size(); ++i)
    table[i] = static_cast<std::uint32_t>(
        std::floor(std::abs(std::sin(static_cast<double>(i + 1))) * 4294967296.0));
  return table;
}

constexpr std::array<std::array<int, 4>, 4> shifts{
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

using Md5State = std::array<std::uint32_t, 4>;

void digest_block(Md5State& state, const std::byte* block) {
  static const std::array<std::uint32_t, 64> sines = sine_table();
  auto [a, b, c, d] = state;
  for (std::uint32_t i = 0; i < 64; ++i) {
    std::uint32_t mixed = 0;
    std::uint32_t word = 0;
    switch (i / 16) {
      case 0:
        mixed = (b & c) | (~b & d);
        word = i;
        break;
      case 1:
        mixed = (d & b) | (~d & c);
        word = (5 * i + 1) % 16;
        break;
      case 2:
        mixed = b ^ c ^ d;
        word = (3 * i + 5) % 16;
        break;
      default:
        mixed = c ^ (b | ~d);
        word = (7 * i) % 16;
        break;
    }
    const std::uint32_t sum = a + mixed + sines[i] + load_le32(block + word * 4);
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, shifts[i / 16][i % 4]);
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
}

}  // namespace

std::array<std::byte, 16> md5(ByteView input) {
  Md5State state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::size_t done = 0;
  for (; input.size() - done >= 64; done += 64) digest_block(state, input.data() + done);

  // The rest, a one bit, zeros, and the length in bits: one block or two.
  std::array<std::byte, 128> tail{};
  const std::size_t rest = input.size() - done;
  if (rest > 0) std::memcpy(tail.data(), input.data() + done, rest);
  tail[rest] = std::byte{0x80};
  const std::size_t tail_size = rest < 56 ? 64 : 128;
  store_le64(tail.data() + tail_size - 8, std::uint64_t{input.size()} * 8);
  for (std::size_t at = 0; at < tail_size; at += 64) digest_block(state, tail.data() + at);

  std::array<std::byte, 16> digest;
  for (std::size_t i = 0; i < 4; ++i) store_le32(digest.data() + i * 4, state[i]);
  return digest;
}

}  // namespace scaler
