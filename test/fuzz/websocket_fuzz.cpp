#include <cstdint>

#include "fuzz/session_fuzz.hpp"
#include "scaler/ymq/session.hpp"
#include "scaler/ymq/websocket.hpp"

// Any bytes from a WebSocket peer, cut anywhere. First byte: bit 0 the side, bit 1 an upgrade that
// was agreed on before, bit 2 small limits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scaler;
  constexpr std::string_view request =
      "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  if (size == 0) return 0;
  const bool is_client = (data[0] & 1) != 0;
  const SessionLimits limits = (data[0] & 4) != 0 ? SessionLimits{1000, 10} : SessionLimits{};
  fuzz::play(
      [&] {
        ymq::WebSocketOptions options;
        if (is_client) options.side = ymq::WebSocketOptions::Side::client;
        auto session = ymq::make_websocket(
            std::move(options),
            ymq::make_session({ymq::Dialect::magic, Bytes::copy_of("us"), limits}));
        if (is_client || (data[0] & 2) == 0) return session;
        fuzz::Heard heard;
        fuzz::arrive(*session, request, heard);
        return session;
      },
      {reinterpret_cast<const char*>(data) + 1, size - 1}, true);
  return 0;
}
