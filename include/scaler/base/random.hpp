#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "scaler/base/bytes.hpp"

namespace scaler {

// Seeded randomness, passed into the cores like time, so that a simulation can be run again.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  static Random from_system();  // seeded by the kernel
  std::uint64_t next() { return engine_(); }
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : engine_() % bound; }
  void fill(std::span<std::byte> out);
  std::string hex(std::size_t characters);  // "0f3a...", as in "Worker|FIX|<32 hex>|<32 hex>"

 private:
  std::mt19937_64 engine_;
};

// From the kernel each time, for keys: what follows cannot be guessed from what came before.
void fill_from_system(std::span<std::byte> out);

}  // namespace scaler
