// Any bytes as a frame: decoding answers, and what it accepts can be written and read again with
// the same meaning. The same bytes go to the readers of the object storage protocol.

#include <cstdint>
#include <cstdlib>

#include "scaler/wire/codec.hpp"
#include "scaler/wire/store_protocol.hpp"

namespace {

using namespace scaler;  // NOLINT(google-build-using-namespace): one file, one function

void require(bool condition) {
  if (!condition) std::abort();
}

void check_message(const Bytes& frame, wire::ManagerDialect dialect) {
  const Result<wire::Message> message = wire::decode(frame, dialect);
  if (!message) {
    require(message.error().code == Errc::bad_message && !message.error().text.empty());
    return;
  }
  const Bytes written = wire::encode(*message);
  const Result<wire::Message> again = wire::decode(written, dialect);
  require(again && *again == *message);
  require(wire::kind_of(written) == message->index());
}

void check_store(ByteView frame) {
  if (const auto request = wire::decode_store_request(frame))
    require(wire::decode_store_request(wire::encode_store_request(*request))->object ==
            request->object);
  if (const auto response = wire::decode_store_response(frame))
    require(wire::decode_store_response(wire::encode_store_response(*response))->object ==
            response->object);
  if (const auto source = wire::decode_duplicate_source(frame))
    require(*wire::decode_duplicate_source(wire::encode_duplicate_source(*source)) == *source);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input{reinterpret_cast<const std::byte*>(data), size};
  const Bytes frame = Bytes::copy_of(input);
  for (const auto dialect :
       {wire::ManagerDialect::v2_0, wire::ManagerDialect::v2_2, wire::ManagerDialect::v2_6})
    check_message(frame, dialect);
  (void)wire::kind_of(input);
  check_store(input);
  return 0;
}
