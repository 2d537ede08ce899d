#include "scaler/wire/store_protocol.hpp"

#include <capnp/serialize.h>

#include <array>
#include <cstring>

#include "protocol/storage.capnp.h"
#include "wire/segments.hpp"

namespace scaler::wire {
namespace {

// What every peer sends: one segment of nine words, the header, then the id it points to.
constexpr std::size_t root_at = 8;
constexpr std::size_t payload_bytes_at = 16;
constexpr std::size_t request_id_at = 24;
constexpr std::size_t type_at = 32;
constexpr std::size_t id_pointer_at = 40;
constexpr std::size_t id_at = 48;
constexpr std::uint64_t header_table = std::uint64_t{9} << 32;
constexpr std::uint64_t header_pointer = 0x0001'0003'0000'0000;  // struct, 3 words, 1 pointer
constexpr std::uint64_t id_pointer = 0x0000'0004'0000'0000;      // struct, 4 words

constexpr unsigned may_wait_bit = 0x8000;  // of a request's type

bool may_wait(StoreRequestType type) {
  return type == StoreRequestType::set || type == StoreRequestType::remove ||
         type == StoreRequestType::duplicate || type == StoreRequestType::set_file;
}

constexpr std::size_t duplicate_bytes = 48;
constexpr std::size_t duplicate_id_at = 16;
constexpr std::uint64_t duplicate_table = std::uint64_t{5} << 32;

constexpr std::size_t totals_bytes = 24;
constexpr std::size_t file_bytes = 32;  // the last eight are for later

// Both headers, their type not yet checked.
struct RawHeader {
  ObjectId object;
  std::uint64_t payload_bytes = 0;
  std::uint64_t id = 0;
  std::uint16_t type = 0;
};

// An id is four big-endian numbers, which the message holds little-endian.
void reverse_words(std::byte* to, const std::byte* from) {
  for (std::size_t at = 0; at < ObjectId::size; at += 8) store_be64(to + at, load_le64(from + at));
}

ObjectId object_id_of(protocol::ObjectID::Reader from) {
  ObjectId id;
  store_be64(id.bytes.data(), from.getField0());
  store_be64(id.bytes.data() + 8, from.getField1());
  store_be64(id.bytes.data() + 16, from.getField2());
  store_be64(id.bytes.data() + 24, from.getField3());
  return id;
}

Error bad_header(const std::string& text) {
  return {Errc::bad_message, "object storage header: " + text};
}

// Any valid encoding of `Struct` in a short frame, which need not be aligned.
template <class Struct, std::size_t Size, class Convert>
auto through_the_library(ByteView frame, Convert convert)
    -> Result<decltype(convert(std::declval<typename Struct::Reader>()))> {
  SCALER_CHECK(check_segment_table(frame, Trailing::ignored));
  alignas(capnp::word) std::array<std::byte, Size> aligned;
  std::memcpy(aligned.data(), frame.data(), Size);
  try {
    capnp::FlatArrayMessageReader reader(words_of(aligned), reader_options(Size));
    return convert(reader.getRoot<Struct>());
  } catch (const kj::Exception& exception) {
    return bad_header(exception.getDescription().cStr());
  }
}

bool has_common_layout(ByteView frame) {
  return load_le64(frame.data()) == header_table &&
         load_le64(frame.data() + root_at) == header_pointer &&
         load_le64(frame.data() + id_pointer_at) == id_pointer;
}

RawHeader read_common_layout(ByteView frame) {
  RawHeader header;
  header.payload_bytes = load_le64(frame.data() + payload_bytes_at);
  header.id = load_le64(frame.data() + request_id_at);
  header.type = load_le16(frame.data() + type_at);
  reverse_words(header.object.bytes.data(), frame.data() + id_at);
  return header;
}

// Requests and responses have one layout; only the names differ.
Result<RawHeader> decode_header(ByteView frame) {
  if (frame.size() != store_header_bytes)
    return bad_header(std::to_string(frame.size()) + " bytes instead of 80");
  if (has_common_layout(frame)) return read_common_layout(frame);
  using Header = protocol::ObjectRequestHeader;
  return through_the_library<Header, store_header_bytes>(frame, [](Header::Reader from) {
    return RawHeader{.object = object_id_of(from.getObjectID()),
                     .payload_bytes = from.getPayloadLength(),
                     .id = from.getRequestID(),
                     .type = static_cast<std::uint16_t>(from.getRequestType())};
  });
}

Bytes encode_header(const RawHeader& header) {
  std::array<std::byte, store_header_bytes> frame{};
  store_le64(frame.data(), header_table);
  store_le64(frame.data() + root_at, header_pointer);
  store_le64(frame.data() + payload_bytes_at, header.payload_bytes);
  store_le64(frame.data() + request_id_at, header.id);
  store_le16(frame.data() + type_at, header.type);
  store_le64(frame.data() + id_pointer_at, id_pointer);
  reverse_words(frame.data() + id_at, header.object.bytes.data());
  return Bytes::copy_of(frame);
}

bool is_known(StoreResponseType type) {
  return type <= StoreResponseType::info_total_ok ||
         (type >= StoreResponseType::got_file && type <= StoreResponseType::no_file);
}

}  // namespace

Result<StoreRequestHeader> decode_store_request(ByteView frame) {
  SCALER_TRY(header, decode_header(frame));
  StoreRequestHeader request{.object = header.object,
                             .payload_bytes = header.payload_bytes,
                             .request_id = header.id,
                             .type = static_cast<StoreRequestType>(header.type)};
  const auto type = static_cast<StoreRequestType>(header.type & ~may_wait_bit);
  if (type != request.type && may_wait(type)) {
    request.type = type;
    request.answer_may_wait = true;
  }
  return request;
}

Result<StoreResponseHeader> decode_store_response(ByteView frame) {
  SCALER_TRY(header, decode_header(frame));
  if (!is_known(static_cast<StoreResponseType>(header.type)))
    return bad_header("unknown type " + std::to_string(header.type));
  return StoreResponseHeader{.object = header.object,
                             .payload_bytes = header.payload_bytes,
                             .response_id = header.id,
                             .type = static_cast<StoreResponseType>(header.type)};
}

Bytes encode_store_request(const StoreRequestHeader& header) {
  return encode_header(
      {.object = header.object,
       .payload_bytes = header.payload_bytes,
       .id = header.request_id,
       .type = static_cast<std::uint16_t>(static_cast<unsigned>(header.type) |
                                          (header.answer_may_wait ? may_wait_bit : 0U))});
}

Bytes encode_store_response(const StoreResponseHeader& header) {
  return encode_header({.object = header.object,
                        .payload_bytes = header.payload_bytes,
                        .id = header.response_id,
                        .type = static_cast<std::uint16_t>(header.type)});
}

Result<ObjectId> decode_duplicate_source(ByteView payload) {
  if (payload.size() != duplicate_bytes)
    return bad_header(std::to_string(payload.size()) + " bytes of source id instead of 48");
  return through_the_library<protocol::ObjectID, duplicate_bytes>(payload, object_id_of);
}

Bytes encode_duplicate_source(const ObjectId& source) {
  std::array<std::byte, duplicate_bytes> payload{};
  store_le64(payload.data(), duplicate_table);
  store_le64(payload.data() + 8, id_pointer);
  reverse_words(payload.data() + duplicate_id_at, source.bytes.data());
  return Bytes::copy_of(payload);
}

Result<StoreFile> decode_store_file(ByteView payload) {
  if (payload.size() != file_bytes)
    return bad_header(std::to_string(payload.size()) + " bytes about a file instead of 32");
  return StoreFile{.number = load_le64(payload.data()),
                   .bytes = load_le64(payload.data() + 8),
                   .inode = load_le64(payload.data() + 16)};
}

Bytes encode_store_file(const StoreFile& file) {
  std::array<std::byte, file_bytes> payload{};
  store_le64(payload.data(), file.number);
  store_le64(payload.data() + 8, file.bytes);
  store_le64(payload.data() + 16, file.inode);
  return Bytes::copy_of(payload);
}

Result<StoreTotals> decode_store_totals(ByteView payload) {
  if (payload.size() != totals_bytes)
    return bad_header(std::to_string(payload.size()) + " bytes of totals instead of 24");
  return StoreTotals{.ids = load_le64(payload.data()),
                     .contents = load_le64(payload.data() + 8),
                     .bytes = load_le64(payload.data() + 16)};
}

Bytes encode_store_totals(const StoreTotals& totals) {
  std::array<std::byte, totals_bytes> payload{};
  store_le64(payload.data(), totals.ids);
  store_le64(payload.data() + 8, totals.contents);
  store_le64(payload.data() + 16, totals.bytes);
  return Bytes::copy_of(payload);
}

}  // namespace scaler::wire
