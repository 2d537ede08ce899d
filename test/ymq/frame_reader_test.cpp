#include "base/frame_reader.hpp"

#include <catch2/catch.hpp>
#include <cstring>

namespace scaler {

namespace {

void arrive(FrameReader& reader, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto room = reader.receive_buffer();
    REQUIRE_FALSE(room.empty());
    const std::size_t count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    reader.received(count);
    bytes.remove_prefix(count);
  }
}

}  // namespace

TEST_CASE("a short body waits in the read buffer and comes out once", "[ymq]") {
  FrameReader reader;
  arrive(reader, "abc");
  REQUIRE_FALSE(reader.take_body(5));
  reader.settle();
  arrive(reader, "defgh");
  REQUIRE(reader.take_body(5)->text() == "abcde");
  REQUIRE(as_text(reader.unread()) == "fgh");
}

TEST_CASE("a long body is received in place and never moved once its block is large enough",
          "[ymq]") {
  const std::string body(500'000, 'b');
  FrameReader reader;
  arrive(reader, body.substr(0, 100));
  REQUIRE_FALSE(reader.take_body(body.size()));
  const std::byte* place = reader.receive_buffer().data();
  REQUIRE(reader.receive_buffer().size() == body.size() - 100);
  arrive(reader, body.substr(100));
  const auto taken = reader.take_body(body.size());
  REQUIRE(taken);
  REQUIRE(taken->data() + 100 == place);
  REQUIRE((taken->text() == body));
}

TEST_CASE("a long body ends where it ends, and what follows is not part of it", "[ymq]") {
  const std::string body(100'000, 'b');
  FrameReader reader;
  REQUIRE_FALSE(reader.take_body(body.size()));
  arrive(reader, body + "next");
  REQUIRE(reader.take_body(body.size())->size() == body.size());
  REQUIRE(as_text(reader.unread()) == "next");
}

TEST_CASE("a block grows with what has arrived: by doubling, and in wide steps once it is large",
          "[ymq]") {
  const std::size_t announced = std::size_t{40} << 20;
  FrameReader reader;
  REQUIRE_FALSE(reader.take_body(announced));
  std::size_t arrived = 0;
  std::size_t room_max = 0;
  constexpr std::size_t page_bytes = 4096;  // a large block ends with a page
  while (arrived < announced) {
    const std::size_t room = reader.receive_buffer().size();
    if (arrived < FrameReader::in_place_wide_bytes)
      REQUIRE(room <= std::max(arrived, FrameReader::in_place_first_bytes) + page_bytes);
    else
      REQUIRE(room <= arrived * FrameReader::wide_growth);
    room_max = std::max(room_max, room);
    reader.received(room);
    arrived += room;
  }
  REQUIRE(room_max > announced / 4);
  const auto body = reader.take_body(announced);
  REQUIRE(body);
  REQUIRE(body->footprint_bytes() < announced + 8192);
}

TEST_CASE("a reader whose owner asks for nothing keeps everything", "[ymq]") {
  FrameReader reader;
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string piece(1000, static_cast<char>('a' + i % 26));
    arrive(reader, piece);
    expected += piece;
  }
  REQUIRE((as_text(reader.unread()) == expected));
}

TEST_CASE("the read buffer has room for a large read whatever lies unread in it", "[ymq]") {
  for (const std::size_t unread : {0U, 1U, 9U, 16'383U, 16'385U, 32'767U}) {
    FrameReader reader;
    arrive(reader, std::string(60'000, 'x'));
    reader.consume(60'000 - unread);
    reader.settle();
    REQUIRE(reader.unread().size() == unread);
    REQUIRE(reader.receive_buffer().size() >= FrameReader::in_place_bytes_min);
    REQUIRE(reader.unread().size() == unread);
  }
}

}  // namespace scaler
