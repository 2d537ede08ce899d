#include <cstdint>

#include "fuzz/session_fuzz.hpp"
#include "scaler/http/browser.hpp"

// Any bytes from a browser, cut anywhere: requests, an upgrade, frames of a WebSocket. First byte:
// bit 0 an upgrade that was agreed on before, bit 1 small limits. Nothing is sent, so that what
// arrives alone decides what is heard.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scaler;
  constexpr std::string_view request =
      "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  if (size == 0) return 0;
  http::BrowserOptions options;
  if ((data[0] & 2) != 0) {
    options.head_bytes_max = 200;
    options.message_bytes_max = 10;
  }
  fuzz::play(
      [&] {
        auto session = http::make_browser_session(options);
        fuzz::Heard heard;
        if ((data[0] & 1) != 0) fuzz::arrive(*session, request, heard);
        return session;
      },
      {reinterpret_cast<const char*>(data) + 1, size - 1}, false, fuzz::Ready::any_time);
  return 0;
}
