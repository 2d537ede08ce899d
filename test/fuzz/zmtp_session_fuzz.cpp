#include <cstdint>

#include "fuzz/session_fuzz.hpp"
#include "scaler/zmtp/session.hpp"

// Any bytes from a ZMTP peer, cut anywhere, to each socket type. First byte: bits 0 and 1 the
// socket type, bit 2 small limits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scaler;
  if (size == 0) return 0;
  const auto local = static_cast<SocketType>(data[0] & 3);
  const SessionLimits limits = (data[0] & 4) != 0 ? SessionLimits{1000, 10} : SessionLimits{};
  fuzz::play(
      [&] {
        return zmtp::make_session(
            {.local = local, .identity = Bytes::copy_of("us"), .limits = limits});
      },
      {reinterpret_cast<const char*>(data) + 1, size - 1}, local != SocketType::sub);
  return 0;
}
