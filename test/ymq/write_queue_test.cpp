#include "base/write_queue.hpp"

#include <catch2/catch.hpp>

namespace scaler {

namespace {

using Kind = WriteQueue::Kind;

// `count` frames of a header and a payload that all look different; what they look like in a row.
std::string fill(WriteQueue& queue, int count) {
  std::string expected;
  for (int i = 0; i < count; ++i) {
    const std::string header = "<" + std::to_string(i) + ">";
    const std::string payload(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26));
    queue.push(Kind::message, as_bytes(header), Bytes::copy_of(payload));
    expected += header + payload;
  }
  return expected;
}

std::string take(WriteQueue& queue, std::size_t bytes_max) {
  std::string taken;
  for (const ByteView view : queue.views())
    taken += as_text(view.first(std::min(view.size(), bytes_max - taken.size())));
  queue.consume(taken.size());
  return taken;
}

}  // namespace

TEST_CASE("a queue gives out what went in, however much is taken at a time", "[ymq]") {
  for (std::size_t step = 1; step < 200; ++step) {
    WriteQueue queue;
    const std::string expected = fill(queue, 40);
    std::string taken;
    while (!queue.empty()) taken += take(queue, step);
    REQUIRE(taken == expected);
  }
}

TEST_CASE("a write may end at any byte", "[ymq]") {
  WriteQueue whole;
  const std::string expected = fill(whole, 20);
  for (std::size_t cut = 0; cut <= expected.size(); ++cut) {
    WriteQueue queue;
    fill(queue, 20);
    std::string taken = take(queue, cut);
    REQUIRE(queue.message_bytes() == expected.size() - cut);
    taken += take(queue, SIZE_MAX);
    REQUIRE(taken == expected);
    REQUIRE(queue.empty());
  }
}

TEST_CASE("hundreds of frames go out in turns of at most 64 views", "[ymq]") {
  WriteQueue queue;
  const std::string expected = fill(queue, 500);
  std::string taken;
  std::size_t turns = 0;
  for (; !queue.empty(); ++turns) {
    REQUIRE(queue.views().size() <= 64);
    REQUIRE(queue.views().size() >= 1);
    taken += take(queue, SIZE_MAX);
  }
  REQUIRE(taken == expected);
  REQUIRE(turns < 20);
}

TEST_CASE("views stay where they are while more is pushed", "[ymq]") {
  WriteQueue queue;
  fill(queue, 3);
  const auto views = queue.views();
  const std::vector<ByteView> before(views.begin(), views.end());
  std::string expected;
  for (const ByteView view : before) expected += as_text(view);
  fill(queue, 1000);
  std::string after;
  for (std::size_t i = 0; i < before.size(); ++i) {
    REQUIRE(views[i].data() == before[i].data());
    after += as_text(views[i]);
  }
  REQUIRE(after == expected);
  REQUIRE(queue.views().data() == views.data());
}

TEST_CASE("a payload is not copied, and is let go once it is sent", "[ymq]") {
  WriteQueue queue;
  const Bytes payload = Bytes::copy_of("payload");
  queue.push(Kind::message, as_bytes("h"), payload);
  REQUIRE(queue.views()[1].data() == payload.data());
  queue.consume(1 + payload.size());
  REQUIRE(queue.empty());
  REQUIRE(queue.views().empty());
}

TEST_CASE("only the owner's messages are counted as its own", "[ymq]") {
  WriteQueue queue;
  queue.push(Kind::control, as_bytes("hello"), {});
  queue.push(Kind::message, as_bytes("ab"), Bytes::copy_of("cde"));
  queue.push(Kind::control, {}, Bytes::copy_of("pong"));
  REQUIRE(queue.message_bytes() == 5);
  REQUIRE(queue.control_bytes() == 9);
  queue.consume(6);
  REQUIRE(queue.message_bytes() == 4);
  REQUIRE(queue.control_bytes() == 4);
  queue.consume(8);
  REQUIRE(queue.empty());
}

}  // namespace scaler
