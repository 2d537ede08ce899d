#include <cstdint>

#include "scaler/agent/channel_protocol.hpp"
#include "scaler/base/assert.hpp"

// Any bytes as a frame, in both directions. What decodes must decode to the same again when
// encoded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scaler;
  const Bytes frame = Bytes::copy_of(ByteView{reinterpret_cast<const std::byte*>(data), size});
  if (const auto message = agent::decode_to_processor(frame)) {
    const Bytes again = agent::encode(*message);
    SCALER_ASSERT(again == frame, "a frame to a processor has one encoding");
  }
  if (const auto message = agent::decode_from_processor(frame)) {
    const Bytes once = agent::encode(*message);  // text may have been made UTF-8
    const auto decoded = agent::decode_from_processor(once);
    SCALER_ASSERT(decoded, "what was encoded decodes");
    SCALER_ASSERT(agent::encode(*decoded) == once, "and is stable from then on");
  }
  return 0;
}
