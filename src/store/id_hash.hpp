#pragma once

#include <cstddef>
#include <cstdint>

#include "scaler/base/ids.hpp"

namespace scaler::store {

// Ids come from peers. All 32 bytes count and the seed is ours, so nobody can choose ids that meet
// in one bucket.
struct IdHash {
  std::uint64_t seed = 0;

  std::size_t operator()(const ObjectId& id) const noexcept {
    const std::byte* word = id.bytes.data();
    const std::uint64_t first =
        fold(load_word(word) ^ seed, load_word(word + 8) ^ 0x9e3779b97f4a7c15);
    const std::uint64_t second = fold(load_word(word + 16) ^ first, load_word(word + 24) ^ ~seed);
    return fold(first ^ 0xd6e8feb86659fd93, second ^ 0xa0761d6478bd642f);
  }

 private:
  static std::uint64_t load_word(const std::byte* from) {
    std::uint64_t word;
    std::memcpy(&word, from, sizeof word);
    return word;
  }
  // Both halves of the 128-bit product: every bit of both factors reaches the result.
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
};

}  // namespace scaler::store
