#include <catch2/catch.hpp>
#include <cstring>
#include <set>

#include "scaler/wire/codec.hpp"
#include "support/heap.hpp"
#include "support/transcript.hpp"
#include "wire/samples.hpp"

namespace scaler::wire {
namespace {

constexpr ManagerDialect dialects[] = {ManagerDialect::v2_0, ManagerDialect::v2_2,
                                       ManagerDialect::v2_6};

// A frame under construction, written as the wire says and not as the codec does.
class RawFrame {
 public:
  explicit RawFrame(std::size_t words) : bytes_(8 + 8 * words) {
    store_le32(bytes_.data() + 4, static_cast<std::uint32_t>(words));
  }
  explicit RawFrame(const Bytes& frame) : bytes_(frame.data(), frame.data() + frame.size()) {}

  RawFrame& word(std::size_t index, std::uint64_t value) {
    store_le64(bytes_.data() + 8 + 8 * index, value);
    return *this;
  }
  std::vector<std::byte>& bytes() { return bytes_; }
  Bytes frame() const { return Bytes::copy_of(ByteView(bytes_)); }

 private:
  std::vector<std::byte> bytes_;
};

std::uint64_t struct_pointer(int offset, std::uint64_t data_words, std::uint64_t pointers) {
  return static_cast<std::uint32_t>(offset) << 2 | data_words << 32 | pointers << 48;
}
std::uint64_t list_pointer(int offset, std::uint64_t element_size, std::uint64_t length) {
  return (static_cast<std::uint32_t>(offset) << 2 | 1U) | element_size << 32 | length << 35;
}

// A message of one kind whose body starts at word 3.
RawFrame message_of_kind(std::uint64_t kind, std::size_t words, std::uint64_t body) {
  RawFrame raw(words);
  raw.word(0, struct_pointer(0, 1, 1)).word(1, kind).word(2, body);
  return raw;
}

// One recorded message for each kind and length: about as many shapes as the peers make.
std::vector<Bytes> distinct_recorded_messages() {
  std::set<std::pair<std::size_t, std::size_t>> seen;
  std::vector<Bytes> distinct;
  for (const support::Transcript& transcript : support::golden_transcripts()) {
    if (transcript.capture.find("object-storage") != std::string::npos) continue;
    for (const Bytes& frame : transcript.messages)
      if (seen.insert({frame.size(), load_le16(frame.data() + 16)}).second)
        distinct.push_back(frame);
  }
  return distinct;
}

// Decoding is a value or bad_message, in every dialect; a value can be written again.
void require_answer(const Bytes& frame) {
  for (const ManagerDialect dialect : dialects) {
    const Result<Message> message = decode(frame, dialect);
    if (message) {
      const Result<Message> again = decode(encode(*message), dialect);
      if (!again || !(*again == *message)) FAIL("what was read cannot be written");
    } else if (message.error().code != Errc::bad_message || message.error().text.empty()) {
      FAIL("not a bad_message");
    }
    const auto kind = kind_of(frame);
    if (kind && *kind >= std::variant_size_v<Message>) FAIL("a kind that there is not");
    if (!message || !std::holds_alternative<WorkerManagerCommand>(*message))
      return;  // only a command depends on the dialect
  }
}

std::string error_of(const Bytes& frame) {
  const Result<Message> message = decode(frame);
  return message ? "decoded as " + std::string(kind_name(*message)) : message.error().text;
}

}  // namespace

TEST_CASE("a message cut at any length is an error", "[wire]") {
  for (const Bytes& frame : distinct_recorded_messages()) {
    for (std::size_t length = 0; length < frame.size(); ++length) {
      const Result<Message> message = decode(Bytes::copy_of(frame.view().first(length)));
      if (message) FAIL("decoded " << length << " of " << frame.size() << " bytes");
    }
  }
  SUCCEED();
}

TEST_CASE("a segment cut at any word, and saying so, is a value or an error", "[wire]") {
  for (const Bytes& frame : distinct_recorded_messages()) {
    for (std::size_t length = 8; length < frame.size(); length += 8) {
      RawFrame cut(frame.slice(0, length));
      store_le32(cut.bytes().data() + 4, static_cast<std::uint32_t>(length / 8 - 1));
      require_answer(cut.frame());
    }
  }
  SUCCEED();
}

TEST_CASE("any byte of a message may be wrong", "[wire]") {
  for (const Message& sample : full_samples()) {
    RawFrame raw(encode(sample));
    for (std::byte& byte : raw.bytes()) {
      const std::byte right = byte;
      for (const unsigned flip : {0x01U, 0x80U, 0xffU}) {
        byte = right ^ static_cast<std::byte>(flip);
        require_answer(raw.frame());
      }
      byte = right;
    }
  }
  SUCCEED();
}

TEST_CASE("a count of segments that overflows when one is added is an error", "[wire]") {
  RawFrame raw(encode(full_task()));
  store_le32(raw.bytes().data(), 0xffffffffU);
  REQUIRE(error_of(raw.frame()) == "segment table: 4294967296 segments");
  REQUIRE(error_of(Bytes::copy_of("\xff\xff\xff\xff\xff\xff\xff\xff")) ==
          "segment table: 4294967296 segments");
}

TEST_CASE("a segment table longer than its frame is an error", "[wire]") {
  RawFrame raw(encode(ClientHeartbeat{}));
  store_le32(raw.bytes().data(), 100);
  REQUIRE(error_of(raw.frame()) == "segment table: frame ends inside it");
}

TEST_CASE("segments that do not add up to the frame are an error", "[wire]") {
  RawFrame raw(encode(ClientHeartbeat{}));
  for (const std::uint32_t words : {0U, 6U, 8U, 0x7fffffffU, 0xffffffffU}) {
    store_le32(raw.bytes().data() + 4, words);
    REQUIRE(error_of(raw.frame()).starts_with("segment table: announces "));
  }
}

TEST_CASE("a frame of an odd size is an error", "[wire]") {
  RawFrame raw(encode(ClientHeartbeat{}));
  raw.bytes().push_back(std::byte{0});
  REQUIRE(error_of(raw.frame()) == "segment table: announces 64 bytes in a frame of 65");
}

TEST_CASE("a frame shorter than a segment table is an error", "[wire]") {
  REQUIRE(error_of(Bytes()) == "segment table: frame ends before it");
  REQUIRE(error_of(Bytes::copy_of("\0\0\0\0")) == "segment table: frame ends before it");
}

TEST_CASE("a kind from the future is an error that names it", "[wire]") {
  REQUIRE(error_of(message_of_kind(29, 3, 0).frame()) == "message.kind: unknown value 29");
  REQUIRE(error_of(message_of_kind(0xffff, 3, 0).frame()) == "message.kind: unknown value 65535");
}

TEST_CASE("the kind of a frame is told without decoding it, or not at all", "[wire]") {
  REQUIRE(kind_of(encode(ClientHeartbeat{})) == 7U);
  REQUIRE(kind_of(message_of_kind(28, 3, 0).frame()) == 28U);
  REQUIRE_FALSE(kind_of(message_of_kind(29, 3, 0).frame()));
  REQUIRE_FALSE(kind_of(Bytes()));
  REQUIRE_FALSE(kind_of(Bytes::copy_of("\xff\xff\xff\xff\xff\xff\xff\xff")));
  for (const int offset : {-2, -100, 3, (1 << 29) - 1}) {
    RawFrame raw(3);
    REQUIRE_FALSE(kind_of(raw.word(0, struct_pointer(offset, 1, 1)).frame()));
  }
}

TEST_CASE("absent structs mean defaults", "[wire]") {
  const Result<Message> heartbeat = decode(message_of_kind(7, 3, 0).frame());
  REQUIRE(heartbeat);
  REQUIRE(*heartbeat == Message(ClientHeartbeat{}));
  const Result<Message> instruction = decode(message_of_kind(6, 3, 0).frame());
  REQUIRE(instruction);
  REQUIRE(*instruction == Message(ObjectInstruction{}));
}

TEST_CASE("a root that is null is a task without an id", "[wire]") {
  REQUIRE(error_of(RawFrame(1).frame()) == "Task.taskId: 0 bytes instead of 16");
}

TEST_CASE("an id of a wrong length is an error that names the field", "[wire]") {
  // TaskCancel: taskId is a list of 15 bytes
  RawFrame raw = message_of_kind(1, 7, struct_pointer(0, 0, 2));
  raw.word(3, list_pointer(1, 2, 15)).word(5, 1).word(6, 2);
  REQUIRE(error_of(raw.frame()) == "TaskCancel.taskId: 15 bytes instead of 16");
}

TEST_CASE("an enum from the future is an error that names the field", "[wire]") {
  RawFrame raw = message_of_kind(20, 4, struct_pointer(0, 1, 0));
  raw.word(3, 2);
  REQUIRE(error_of(raw.frame()) == "ClientDisconnect.disconnectType: unknown value 2");
}

TEST_CASE("a text that nothing ends is an error", "[wire]") {
  // TaskLog: content is three bytes, none of them NUL
  RawFrame raw = message_of_kind(4, 9, struct_pointer(0, 1, 2));
  raw.word(4, list_pointer(1, 2, 16)).word(5, list_pointer(2, 2, 3)).word(8, 0x636261);
  REQUIRE(error_of(raw.frame()).starts_with("TaskLog: "));
}

TEST_CASE("a pointer out of the segment is an error that names the kind", "[wire]") {
  for (const int offset : {100, -100, (1 << 29) - 1}) {
    const RawFrame raw = message_of_kind(11, 4, struct_pointer(offset, 0, 1));
    REQUIRE(error_of(raw.frame()).starts_with("DisconnectRequest: "));
  }
}

TEST_CASE("a far pointer to a segment that is not there is an error", "[wire]") {
  const std::uint64_t far_pointer = 2U | std::uint64_t{7} << 32;
  REQUIRE(error_of(message_of_kind(11, 4, far_pointer).frame()).starts_with("DisconnectRequest: "));
}

TEST_CASE("a list of many elements that take no room is an error", "[wire]") {
  // TaskCapability structs of zero words in WorkerManagerHeartbeat.capabilities
  RawFrame raw = message_of_kind(25, 7, struct_pointer(0, 1, 2));
  raw.word(4, list_pointer(1, 7, 0)).word(6, struct_pointer((1 << 29) - 1, 0, 0));
  REQUIRE(error_of(raw.frame()).starts_with("WorkerManagerHeartbeat"));
  raw.word(4, list_pointer(1, 0, (1U << 29) - 1));
  REQUIRE(error_of(raw.frame()).starts_with("WorkerManagerHeartbeat"));
}

TEST_CASE("elements of less than a word are bounded by the frame", "[wire]") {
  // 8000 one-byte elements read as a list of structs: eight for each word
  RawFrame raw = message_of_kind(25, 1006, struct_pointer(0, 1, 2));
  raw.word(4, list_pointer(1, 2, 8000));
  REQUIRE(error_of(raw.frame()) ==
          "WorkerManagerHeartbeat.capabilities: more elements than its frame can hold");
}

TEST_CASE("a small frame whose pointers overlap cannot claim to be a large message", "[wire]") {
  // WorkerManagerCommand.workerIDs: a thousand pointers to one blob of 8000 bytes
  constexpr int count = 1000;
  RawFrame raw = message_of_kind(27, 6 + count + 1000, struct_pointer(0, 1, 2));
  raw.word(4, list_pointer(1, 6, count));
  for (int i = 0; i < count; ++i)
    raw.word(static_cast<std::size_t>(6 + i), list_pointer(count - i - 1, 2, 8000));
  REQUIRE(error_of(raw.frame()).starts_with("WorkerManagerCommand"));
}

TEST_CASE("texts that share their bytes are bounded by the frame", "[wire]") {
  // StateScheduler.binder.received: 500 pairs, each naming one text of 4000 bytes
  constexpr int pairs = 500;
  RawFrame raw = message_of_kind(16, 14 + 2 * pairs + 500, struct_pointer(0, 1, 7));
  raw.word(4, struct_pointer(6, 0, 2));         // binder at 11
  raw.word(11, list_pointer(1, 7, 2 * pairs));  // received at 13
  raw.word(13, struct_pointer(pairs, 1, 1));    // its tag
  for (int i = 0; i < pairs; ++i)
    raw.word(static_cast<std::size_t>(15 + 2 * i), list_pointer(2 * (pairs - i) - 2, 2, 4000));
  REQUIRE(error_of(raw.frame()).starts_with("StateScheduler: "));
}

TEST_CASE("what a frame makes us keep is a small multiple of its size", "[wire]") {
  // StateScheduler.workerManager.workers: as many workers of no words as there are words
  constexpr int words = 100'000;
  RawFrame raw = message_of_kind(16, words, struct_pointer(0, 1, 7));
  raw.word(9, struct_pointer(1, 0, 1));  // at 11
  raw.word(11, list_pointer(0, 7, 0)).word(12, struct_pointer(words, 0, 0));
  const Bytes frame = raw.frame();
  const std::size_t before = support::heap_bytes();
  const Result<Message> message = decode(frame);
  REQUIRE(message);
  REQUIRE(std::get<StateScheduler>(*message).workers.size() == words);
  REQUIRE(support::heap_bytes() - before < 32 * frame.size());

  raw.word(12, struct_pointer(words + 2, 0, 0));
  REQUIRE(error_of(raw.frame()) ==
          "StateScheduler.workerManager: more elements than its frame can hold");
}

}  // namespace scaler::wire
