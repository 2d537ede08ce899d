#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "scaler/wire/codec.hpp"
#include "wire/flat.hpp"
#include "wire/samples.hpp"

// The same messages as other builders write them: in many segments, in structs of older and of
// younger schemas.
namespace scaler::wire {
namespace {

// The frame's message, copied into a builder with segments of few words each.
Bytes in_small_segments(const Bytes& frame, unsigned first_words) {
  capnp::FlatArrayMessageReader reader(
      kj::arrayPtr(reinterpret_cast<const capnp::word*>(frame.data()), frame.size() / 8));
  capnp::MallocMessageBuilder builder(first_words, capnp::AllocationStrategy::FIXED_SIZE);
  builder.setRoot(reader.getRoot<capnp::AnyPointer>());
  return flat(builder);
}

std::uint32_t segments_of(const Bytes& frame) { return load_le32(frame.data()) + 1; }

// Where the pointer to the body of a one-segment message stands.
constexpr std::size_t body_pointer_at = 24;

// The frame as if the body's struct had `pointers` pointers less: their words stay behind, unused.
Bytes with_smaller_body(const Bytes& frame, unsigned pointers) {
  std::vector<std::byte> bytes(frame.data(), frame.data() + frame.size());
  std::byte* count = bytes.data() + body_pointer_at + 6;
  store_le16(count, static_cast<std::uint16_t>(load_le16(count) - pointers));
  return Bytes::copy_of(ByteView(bytes));
}

}  // namespace

TEST_CASE("messages in many small segments decode", "[wire]") {
  for (const Message& sample : full_samples()) {
    INFO(kind_name(sample));
    const Bytes frame = encode(sample);
    for (const unsigned first_words : {1U, 2U, 3U, 5U, 8U, 13U}) {
      const Bytes split = in_small_segments(frame, first_words);
      const Result<Message> message = decode(split, dialect_of(sample));
      REQUIRE((message ? "" : message.error().text) == "");
      REQUIRE(*message == sample);
    }
  }
}

TEST_CASE("the segments of that test are many and far pointers are doubled", "[wire]") {
  // A double far pointer has bit 2 set beside its kind 2.
  const Bytes split = in_small_segments(encode(full_task()), 1);
  REQUIRE(segments_of(split) > 5);
  std::size_t far = 0;
  std::size_t doubled = 0;
  for (std::size_t at = 8; at + 8 <= split.size(); at += 8) {
    const unsigned kind = load_le32(split.data() + at) & 7U;
    if (kind == 2) ++far;
    if (kind == 6) ++doubled;
  }
  REQUIRE(far + doubled > 5);
}

TEST_CASE("a split message cut at any length is an error, and any byte may be wrong", "[wire]") {
  const Bytes split = in_small_segments(encode(full_task()), 4);
  for (std::size_t length = 0; length < split.size(); ++length)
    if (decode(Bytes::copy_of(split.view().first(length)))) FAIL("decoded " << length << " bytes");
  std::vector<std::byte> bytes(split.data(), split.data() + split.size());
  for (std::byte& byte : bytes) {
    const std::byte right = byte;
    for (const unsigned flip : {0x01U, 0x02U, 0x04U, 0x80U, 0xffU}) {
      byte = right ^ static_cast<std::byte>(flip);
      const Result<Message> message = decode(Bytes::copy_of(ByteView(bytes)));
      if (!message && message.error().code != Errc::bad_message) FAIL("not a bad_message");
    }
    byte = right;
  }
  SUCCEED();
}

TEST_CASE("a table of too many segments is an error", "[wire]") {
  std::vector<std::byte> frame(8 * 513);
  store_le32(frame.data(), 1022);
  REQUIRE(decode(Bytes::copy_of(ByteView(frame))).error().text == "segment table: 1023 segments");
}

TEST_CASE("a worker before 2.0 names no manager", "[wire]") {
  WorkerHeartbeat heartbeat;
  heartbeat.queue_size = 5;
  heartbeat.capabilities = {{"linux", -1}};
  heartbeat.manager_id = Bytes::copy_of("wm1");
  const Result<Message> old = decode(with_smaller_body(encode(heartbeat), 1));
  REQUIRE(old);
  heartbeat.manager_id = {};
  REQUIRE(*old == Message(heartbeat));
}

TEST_CASE("an echo before 2.2 has no scheme", "[wire]") {
  ClientHeartbeatEcho echo;
  echo.object_storage = {.host = "192.0.2.1", .port = 7, .scheme = "tcp"};
  const Bytes frame = encode(echo);
  std::vector<std::byte> bytes(frame.data(), frame.data() + frame.size());
  store_le16(bytes.data() + 32 + 6, 1);  // the address: one pointer instead of two
  const Result<Message> old = decode(Bytes::copy_of(ByteView(bytes)));
  REQUIRE(old);
  echo.object_storage.scheme.clear();
  REQUIRE(*old == Message(echo));
}

TEST_CASE("a command of 2.0 in its smaller struct is a command of 2.2 without wishes", "[wire]") {
  WorkerManagerCommand command;
  command.type = ManagerCommandType::shutdown_workers;
  command.worker_ids = {Bytes::copy_of("Worker|a")};
  const Bytes small = with_smaller_body(encode(command), 1);
  REQUIRE(*decode(small, ManagerDialect::v2_0) == Message(command));
  command.dialect = ManagerDialect::v2_2;
  REQUIRE(*decode(small, ManagerDialect::v2_2) == Message(command));
}

TEST_CASE("fields of a younger schema are passed over", "[wire]") {
  capnp::MallocMessageBuilder builder;
  auto root = builder.getRoot<capnp::AnyPointer>().initAsAnyStruct(2, 3);
  std::memset(root.getDataSection().begin(), 0xee, 16);
  root.getDataSection()[0] = 7;  // clientHeartbeat
  root.getDataSection()[1] = 0;
  auto body = root.getPointerSection()[0].initAsAnyStruct(4, 4);
  std::memset(body.getDataSection().begin(), 0xee, 32);
  const std::uint32_t latency_us = 26;
  std::memcpy(body.getDataSection().begin(), &latency_us, sizeof latency_us);
  body.getPointerSection()[3].setAs<capnp::Text>("something new");
  root.getPointerSection()[2].setAs<capnp::Text>("something else");
  const Result<Message> message = decode(flat(builder));
  REQUIRE(message);
  REQUIRE(*message == Message(ClientHeartbeat{.resource = {}, .latency_us = 26}));
}

TEST_CASE("encoding makes one segment, however long the message", "[wire]") {
  ObjectInstruction instruction;
  instruction.ids.assign(2000, id_from<ObjectId>(1));
  instruction.types.assign(2000, ObjectContentType::object);
  instruction.names.assign(2000, Bytes::copy_of("name"));
  const Bytes frame = encode(instruction);
  REQUIRE(segments_of(frame) == 1);
  REQUIRE(load_le32(frame.data() + 4) * 8 + 8 == frame.size());
}

}  // namespace scaler::wire
