#include <cstdint>

#include "fuzz/session_fuzz.hpp"
#include "scaler/tls/session.hpp"
#include "scaler/ymq/session.hpp"
#include "support/tls_credentials.hpp"

// Any bytes from a peer of TLS, cut anywhere. First byte: bit 0 the side.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scaler;
  if (size == 0) return 0;
  const bool is_client = (data[0] & 1) != 0;
  static const auto context = support::context_of(support::elliptic);
  const auto ymq = [] {
    return ymq::make_session({ymq::Dialect::magic, Bytes::copy_of("us"), {}});
  };
  fuzz::play(
      [&]() -> std::unique_ptr<Session> {
        if (is_client) return tls::make_client(context, "peer", ymq());
        return tls::make_server(
            context, [&](ByteView) -> Result<std::unique_ptr<Session>> { return ymq(); });
      },
      {reinterpret_cast<const char*>(data) + 1, size - 1}, false);
  return 0;
}
