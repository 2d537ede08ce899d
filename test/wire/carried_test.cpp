#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>

#include <catch2/catch.hpp>

#include "scaler/wire/codec.hpp"
#include "wire/flat.hpp"
#include "wire/samples.hpp"

// What two of our own hang at the second pointer of a message's root.
namespace scaler::wire {
namespace {

constexpr std::size_t root_at = 8;

capnp::FlatArrayMessageReader reader_of(const Bytes& frame) {
  return capnp::FlatArrayMessageReader(
      kj::arrayPtr(reinterpret_cast<const capnp::word*>(frame.data()), frame.size() / 8));
}

// The frame with another struct where ours was: a data word, a list of blobs, and a blob.
Bytes with_carried(const Bytes& frame, std::uint64_t data_word,
                   const std::vector<std::string>& copies, std::string_view result_id = {}) {
  auto reader = reader_of(frame);
  capnp::MallocMessageBuilder builder;
  auto root = builder.getRoot<capnp::AnyPointer>().initAsAnyStruct(1, 2);
  const auto from = reader.getRoot<capnp::AnyStruct>();
  root.getDataSection()[0] = from.getDataSection()[0];
  root.getPointerSection()[0].set(from.getPointerSection()[0]);
  auto carried = root.getPointerSection()[1].initAsAnyStruct(1, 2);
  store_le64(reinterpret_cast<std::byte*>(carried.getDataSection().begin()), data_word);
  auto list = carried.getPointerSection()[0].initAs<capnp::List<capnp::Data>>(
      static_cast<unsigned>(copies.size()));
  // The kind is two bytes; the first was copied above.
  root.getDataSection()[1] = from.getDataSection()[1];
  for (unsigned i = 0; i < copies.size(); ++i)
    list.set(i, capnp::Data::Reader(reinterpret_cast<const capnp::byte*>(copies[i].data()),
                                    copies[i].size()));
  if (!result_id.empty())
    carried.getPointerSection()[1].setAs<capnp::Data>(capnp::Data::Reader(
        reinterpret_cast<const capnp::byte*>(result_id.data()), result_id.size()));
  return flat(builder);
}

constexpr std::uint64_t our_mark = 0x52414353;

}  // namespace

TEST_CASE("what a message carries survives the wire", "[wire]") {
  for (const Message& sample : carrying_samples()) {
    INFO(kind_name(sample));
    const Result<Message> again = decode(encode(sample));
    REQUIRE((again ? "" : again.error().text) == "");
    REQUIRE(*again == sample);
    REQUIRE(kind_of(encode(sample)) == sample.index());
  }
}

TEST_CASE("a message that carries nothing is written as the peers write it", "[wire]") {
  for (const Message& sample : full_samples()) {
    const Bytes frame = encode(sample);
    REQUIRE(load_le16(frame.data() + root_at + 6) == 1);  // pointers of the root
  }
  REQUIRE(load_le16(encode(carrying_samples().front()).data() + root_at + 6) == 2);
}

TEST_CASE("a reader that knows one pointer of the root reads the rest as ever", "[wire]") {
  for (const Message& sample : carrying_samples()) {
    Bytes frame = encode(sample);
    std::vector<std::byte> bytes(frame.data(), frame.data() + frame.size());
    store_le16(bytes.data() + root_at + 6, 1);
    const Result<Message> plain = decode(Bytes::copy_of(ByteView(bytes)));
    REQUIRE(plain);
    REQUIRE(plain->index() == sample.index());
    if (const auto* task = std::get_if<Task>(&*plain)) REQUIRE(*task == full_task());
  }
}

TEST_CASE("something else at that place is passed over", "[wire]") {
  const Bytes frame = with_carried(encode(full_task()), our_mark + 1, {"x", "y"});
  REQUIRE(decode(frame).value() == Message(full_task()));
}

TEST_CASE("kinds that carry nothing pass it over, too", "[wire]") {
  const Message cancel = TaskCancel{id_from<TaskId>(1), true};
  REQUIRE(decode(with_carried(encode(cancel), our_mark, {"x"})).value() == cancel);
}

TEST_CASE("more copies than objects, and copies that are too large, are refused", "[wire]") {
  const Bytes task = encode(full_task());  // a function and two arguments
  REQUIRE(decode(with_carried(task, our_mark, {"f", "a", "b"})));
  REQUIRE(decode(with_carried(task, our_mark, {"f", "a", "b", "c"})).error().text ==
          "Task.copies: more of them than the message names objects");
  const std::string most(copy_bytes_max, 'x');
  REQUIRE(decode(with_carried(task, our_mark, {most})));
  REQUIRE(decode(with_carried(task, our_mark, {most + "x"})).error().text ==
          "Task.copies: larger than a copy may be");
}

TEST_CASE("a result's name has the length of an id, and only a task says it", "[wire]") {
  const Bytes task = encode(full_task());
  const std::string id(ObjectId::size, 'i');
  REQUIRE(decode(with_carried(task, our_mark, {}, id)));
  REQUIRE(decode(with_carried(task, our_mark, {}, id + "i")).error().text ==
          "Task.resultId: 33 bytes instead of 32");
  const Message echo = ClientHeartbeatEcho{};
  REQUIRE(decode(with_carried(encode(echo), our_mark, {}, id)).value() == echo);
}

TEST_CASE("nobody is asked for larger copies than there are", "[wire]") {
  const Bytes frame = with_carried(encode(full_task()), our_mark | ~std::uint64_t{0} << 32, {});
  REQUIRE(std::get<Task>(decode(frame).value()).carried.result_bytes_max == copy_bytes_max);
}

TEST_CASE("a carrying message cut at any length is an error, and any byte may be wrong", "[wire]") {
  const Bytes frame = encode(carrying_samples().front());
  for (std::size_t length = 0; length < frame.size(); ++length)
    if (decode(Bytes::copy_of(frame.view().first(length)))) FAIL("decoded " << length << " bytes");
  std::vector<std::byte> bytes(frame.data(), frame.data() + frame.size());
  for (std::byte& byte : bytes) {
    const std::byte right = byte;
    for (const unsigned flip : {0x01U, 0x02U, 0x04U, 0x80U, 0xffU}) {
      byte = right ^ static_cast<std::byte>(flip);
      const Result<Message> message = decode(Bytes::copy_of(ByteView(bytes)));
      if (message && !(decode(encode(*message)).value() == *message))
        FAIL("what was read cannot be written");
    }
    byte = right;
  }
}

}  // namespace scaler::wire
