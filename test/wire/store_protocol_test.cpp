#include "scaler/wire/store_protocol.hpp"

#include <catch2/catch.hpp>
#include <cstring>

#include "support/transcript.hpp"
#include "wire/samples.hpp"

namespace scaler::wire {
namespace {

using support::Transcript;

bool is_request_side(const Transcript& transcript) {
  return transcript.file.find("-c2s") != std::string::npos;
}

const StoreRequestHeader some_request{.object = id_from<ObjectId>(1),
                                      .payload_bytes = 0x0102030405060708U,
                                      .request_id = 9,
                                      .type = StoreRequestType::duplicate};

bool same(const StoreRequestHeader& a, const StoreRequestHeader& b) {
  return a.object == b.object && a.payload_bytes == b.payload_bytes &&
         a.request_id == b.request_id && a.type == b.type && a.answer_may_wait == b.answer_may_wait;
}

std::vector<std::byte> bytes_of(const Bytes& frame) {
  return {frame.data(), frame.data() + frame.size()};
}

}  // namespace

TEST_CASE("every recorded storage header is read, and written to the same bytes", "[wire]") {
  std::size_t requests = 0;
  std::size_t responses = 0;
  for (const Transcript& transcript : support::golden_transcripts("object-storage-probe")) {
    for (const Bytes& frame : transcript.messages) {
      if (frame.size() != store_header_bytes || as_text(frame).starts_with("\xff\xff")) continue;
      INFO(transcript.name());
      if (is_request_side(transcript)) {
        const auto header = decode_store_request(frame);
        REQUIRE(header);
        REQUIRE(encode_store_request(*header) == frame);
        ++requests;
      } else {
        const auto header = decode_store_response(frame);
        REQUIRE(header);
        REQUIRE(encode_store_response(*header) == frame);
        ++responses;
      }
    }
  }
  REQUIRE(requests > 80);
  REQUIRE(responses > 80);
}

TEST_CASE("the recorded header of eighty bytes ff is refused", "[wire]") {
  std::size_t refused = 0;
  for (const Transcript& transcript : support::golden_transcripts("object-storage-probe"))
    for (const Bytes& frame : transcript.messages)
      if (as_text(frame).starts_with("\xff\xff")) {
        REQUIRE(decode_store_request(frame).error().code == Errc::bad_message);
        ++refused;
      }
  REQUIRE(refused == 3);  // one in each probe of 2.x
}

TEST_CASE("each eight bytes of an id travel reversed", "[wire]") {
  const Bytes frame = encode_store_request(some_request);
  REQUIRE(frame.size() == store_header_bytes);
  REQUIRE(std::to_integer<int>(frame.data()[48]) == 8);
  REQUIRE(std::to_integer<int>(frame.data()[55]) == 1);
  REQUIRE(std::to_integer<int>(frame.data()[56]) == 16);
}

TEST_CASE("a header laid out in another order is read all the same", "[wire]") {
  // one segment: root pointer over one idle word, id at word 2, header struct at word 6
  std::vector<std::byte> frame(store_header_bytes);
  const auto word = [&](std::size_t index, std::uint64_t value) {
    store_le64(frame.data() + 8 * index, value);
  };
  word(0, std::uint64_t{9} << 32);
  word(1, 4U << 2 | std::uint64_t{3} << 32 | std::uint64_t{1} << 48);  // root at word 6
  for (std::size_t i = 0; i < 4; ++i) word(2 + i, 0x1111111111111111U * (i + 1));
  word(6, some_request.payload_bytes);
  word(7, some_request.request_id);
  word(8, static_cast<std::uint64_t>(some_request.type));
  word(9, (static_cast<std::uint32_t>(-8) << 2) | std::uint64_t{4} << 32);  // back to word 2
  const auto header = decode_store_request(frame);
  REQUIRE(header);
  REQUIRE(header->payload_bytes == some_request.payload_bytes);
  REQUIRE(header->type == some_request.type);
  REQUIRE(std::to_integer<int>(header->object.bytes[0]) == 0x11);
  REQUIRE(std::to_integer<int>(header->object.bytes[31]) == 0x44);
}

TEST_CASE("a header without an id has an id of zeros", "[wire]") {
  std::vector<std::byte> frame = bytes_of(encode_store_request(some_request));
  store_le64(frame.data() + 40, 0);
  const auto header = decode_store_request(frame);
  REQUIRE(header);
  REQUIRE(header->object == ObjectId{});
  REQUIRE(header->request_id == some_request.request_id);
}

TEST_CASE("a header of another length is refused, and so is an answer of an unknown type",
          "[wire]") {
  const Bytes frame = encode_store_request(some_request);
  for (const std::size_t size : {0U, 8U, 79U})
    REQUIRE_FALSE(decode_store_request(frame.slice(0, size)));
  std::vector<std::byte> longer = bytes_of(frame);
  longer.resize(88);
  REQUIRE_FALSE(decode_store_request(longer));

  std::vector<std::byte> unknown = bytes_of(frame);
  store_le16(unknown.data() + 32, 5);
  REQUIRE(decode_store_response(unknown));
  store_le16(unknown.data() + 32, 6);
  REQUIRE(decode_store_response(unknown).error().text == "object storage header: unknown type 6");
}

TEST_CASE("a request says that its answer may wait, if it is one that changes something",
          "[wire]") {
  for (const auto type :
       {StoreRequestType::set, StoreRequestType::remove, StoreRequestType::duplicate}) {
    StoreRequestHeader request = some_request;
    request.type = type;
    for (const bool may_wait : {false, true}) {
      request.answer_may_wait = may_wait;
      const auto header = decode_store_request(encode_store_request(request));
      REQUIRE(header);
      REQUIRE(same(*header, request));
    }
  }
  StoreRequestHeader get = some_request;
  get.type = StoreRequestType::get;
  get.answer_may_wait = true;
  const auto header = decode_store_request(encode_store_request(get));
  REQUIRE(header);
  REQUIRE(header->type > StoreRequestType::info_total);  // a type that nobody knows
  REQUIRE_FALSE(header->answer_may_wait);
}

TEST_CASE("a request of an unknown type is read, for the store to ignore", "[wire]") {
  std::vector<std::byte> unknown = bytes_of(encode_store_request(some_request));
  store_le16(unknown.data() + 32, 5);
  const auto header = decode_store_request(unknown);
  REQUIRE(header);
  REQUIRE(header->type == static_cast<StoreRequestType>(5));
  REQUIRE(header->payload_bytes == some_request.payload_bytes);
}

TEST_CASE("any byte of a storage header may be wrong, and any address odd", "[wire]") {
  std::vector<std::byte> memory(1 + store_header_bytes);
  const Bytes right = encode_store_request(some_request);
  std::size_t read = 0;
  for (std::size_t at = 0; at < store_header_bytes; ++at) {
    for (unsigned flip = 1; flip < 256; ++flip) {
      std::memcpy(memory.data() + 1, right.data(), right.size());
      memory[1 + at] ^= static_cast<std::byte>(flip);
      const auto header = decode_store_request(ByteView(memory).subspan(1));
      if (header) ++read;
      const bool is_padding = at >= 34 && at < 40;
      if (header && at >= 16 && !is_padding && same(*header, some_request))
        FAIL("byte " << at << " made no difference");
      if (!header && header.error().code != Errc::bad_message) FAIL("not a bad_message");
    }
  }
  REQUIRE(read > 0);
}

TEST_CASE("the source of a duplicate is 48 bytes", "[wire]") {
  const Bytes payload = encode_duplicate_source(id_from<ObjectId>(7));
  REQUIRE(payload.size() == 48);
  REQUIRE(*decode_duplicate_source(payload) == id_from<ObjectId>(7));
  REQUIRE_FALSE(decode_duplicate_source(payload.slice(0, 40)));
  REQUIRE_FALSE(decode_duplicate_source({}));

  std::size_t recorded = 0;
  for (const Transcript& transcript : support::golden_transcripts("object-storage-probe"))
    for (const Bytes& frame : transcript.messages)
      if (frame.size() == 48 && load_le32(frame.data() + 4) == 5) {
        const auto source = decode_duplicate_source(frame);
        REQUIRE(source);
        REQUIRE(encode_duplicate_source(*source) == frame);
        ++recorded;
      }
  REQUIRE(recorded >= 8);
}

TEST_CASE("what is said of a file is 32 bytes", "[wire]") {
  const StoreFile file{1, std::uint64_t{1} << 40, 3};
  const Bytes payload = encode_store_file(file);
  REQUIRE(payload.size() == 32);
  const auto read = decode_store_file(payload);
  REQUIRE(read);
  REQUIRE((read->number == file.number && read->bytes == file.bytes && read->inode == file.inode));
  REQUIRE_FALSE(decode_store_file(payload.slice(0, 31)));
  REQUIRE_FALSE(decode_store_file({}));
}

TEST_CASE("totals are three little-endian numbers", "[wire]") {
  const Bytes payload = encode_store_totals({.ids = 1, .contents = 2, .bytes = 3});
  REQUIRE(payload.size() == 24);
  const auto totals = decode_store_totals(payload);
  REQUIRE(totals->ids == 1);
  REQUIRE(totals->contents == 2);
  REQUIRE(totals->bytes == 3);
  REQUIRE_FALSE(decode_store_totals(payload.slice(0, 16)));
}

}  // namespace scaler::wire
