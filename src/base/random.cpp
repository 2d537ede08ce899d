#include "scaler/base/random.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "scaler/base/assert.hpp"
#include "scaler/base/ids.hpp"

namespace scaler {

Random Random::from_system() {
  std::uint64_t seed = 0;
  const auto got = getrandom(&seed, sizeof seed, 0);
  SCALER_ASSERT(got == sizeof seed, "getrandom of 8 bytes");
  return Random(seed);
}

void Random::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    const std::uint64_t word = next();
    const std::size_t part = std::min(out.size(), sizeof word);
    std::memcpy(out.data(), &word, part);
    out = out.subspan(part);
  }
}

void fill_from_system(std::span<std::byte> out) {
  while (!out.empty()) {
    const auto got = getrandom(out.data(), out.size(), 0);
    SCALER_ASSERT(got > 0 || errno == EINTR, "getrandom");
    if (got > 0) out = out.subspan(static_cast<std::size_t>(got));
  }
}

std::string Random::hex(std::size_t characters) {
  std::string bytes((characters + 1) / 2, '\0');
  fill({reinterpret_cast<std::byte*>(bytes.data()), bytes.size()});
  return to_hex(as_bytes(bytes)).substr(0, characters);
}

}  // namespace scaler
