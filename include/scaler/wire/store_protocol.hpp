#pragma once

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/base/result.hpp"

// Object storage requests and responses: an 80-byte Cap'n Proto header each, in a frame of its own.
// `set` and `duplicate` are followed by exactly one payload frame; a response by one if and only if
// payload_bytes > 0. Ids travel with each group of eight bytes reversed, here and nowhere else.
namespace scaler::wire {

constexpr std::size_t store_header_bytes = 80;
constexpr std::uint64_t everything =
    ~std::uint64_t{0};  // payload_bytes of a get that wants the whole object

// The second group is our own: memory files, between peers of one host that can pass descriptors
// (net::Router::send_with_file). A file is known by a number, and is its peer's until it is
// returned; the store never receives one.
enum class StoreRequestType : std::uint16_t {
  set,
  get,
  remove,
  duplicate,
  info_total,
  take_files = 0x5C01,  // said once, no answer: gets may be answered by files from now on
  borrow_file,          // payload_bytes: of how many bytes at least
  set_file,             // as set, but a frame names the file that holds the bytes
  return_file,   // payload_bytes: its number; no answer. Nobody here can see or change it now
  abandon_file,  // the same, but somebody may: it must not be used again
};
enum class StoreResponseType : std::uint16_t {
  set_ok,
  get_ok,
  remove_ok,
  remove_not_exists,
  duplicate_ok,
  info_total_ok,
  got_file = 0x5C01,  // to a get: a frame names the file that holds the bytes, and is there
  lent_file,          // to borrow_file: the same
  no_file,            // to borrow_file
};

struct StoreRequestHeader {
  ObjectId object;
  std::uint64_t payload_bytes = 0;  // set: exact size; get: maximum wanted; duplicate: 48
  std::uint64_t request_id = 0;     // counts up per connection
  StoreRequestType type = StoreRequestType::set;
  // Ours alone, for set, set_file, remove and duplicate: the answer may wait until there is another
  // one for the same peer, or for a moment. A bit of the type's field, so only servers of ours are
  // asked so.
  bool answer_may_wait = false;
};
struct StoreResponseHeader {
  ObjectId object;
  std::uint64_t payload_bytes = 0;
  std::uint64_t response_id = 0;  // the request's id
  StoreResponseType type = StoreResponseType::set_ok;
};

// A request's type may be one that is not named here, of a newer peer: the store ignores it. A
// response of an unknown type is an error, for nobody asked for it.
Result<StoreRequestHeader> decode_store_request(ByteView frame);
Result<StoreResponseHeader> decode_store_response(ByteView frame);
Bytes encode_store_request(const StoreRequestHeader& header);
Bytes encode_store_response(const StoreResponseHeader& header);

// The 48-byte payload of a duplicate: the source's id.
Result<ObjectId> decode_duplicate_source(ByteView payload);
Bytes encode_duplicate_source(const ObjectId& source);

// The 32-byte payload of set_file, got_file and lent_file.
struct StoreFile {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;  // of the object, or what a lent file has room for
  std::uint64_t inode = 0;  // of the descriptor (file_number_of); a set_file does not say it
};
Result<StoreFile> decode_store_file(ByteView payload);
Bytes encode_store_file(const StoreFile& file);

// The 24-byte payload of info_total_ok.
struct StoreTotals {
  std::uint64_t ids = 0;
  std::uint64_t contents = 0;
  std::uint64_t bytes = 0;
};
Result<StoreTotals> decode_store_totals(ByteView payload);
Bytes encode_store_totals(const StoreTotals& totals);

}  // namespace scaler::wire
