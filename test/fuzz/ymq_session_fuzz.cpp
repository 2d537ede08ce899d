#include <cstdint>

#include "fuzz/session_fuzz.hpp"
#include "scaler/ymq/session.hpp"

// Any bytes from a YMQ peer, cut anywhere. First byte: bit 0 the dialect, bit 2 small limits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scaler;
  if (size == 0) return 0;
  const auto dialect = static_cast<ymq::Dialect>(data[0] & 1);
  const SessionLimits limits = (data[0] & 4) != 0 ? SessionLimits{1000, 10} : SessionLimits{};
  fuzz::play(
      [&] {
        return ymq::make_session({dialect, Bytes::copy_of("us"), limits});
      },
      {reinterpret_cast<const char*>(data) + 1, size - 1}, true);
  return 0;
}
