#include "scaler/base/bytes.hpp"

#include <catch2/catch.hpp>
#include <cstring>

namespace scaler {

TEST_CASE("a slice keeps its block alive after the whole is gone", "[base]") {
  Bytes part;
  {
    const Bytes whole = Bytes::copy_of("hello world");
    part = whole.slice(6, 5);
  }
  REQUIRE(part.text() == "world");
}

TEST_CASE("a buffer becomes bytes at the same address when it is nearly full", "[base]") {
  Buffer buffer(100);
  std::memset(buffer.spare().data(), 'x', 90);
  buffer.commit(90);
  const std::byte* before = buffer.data();
  const Bytes frozen = std::move(buffer).freeze();
  REQUIRE(frozen.data() == before);
  REQUIRE(frozen.size() == 90);
}

TEST_CASE("a block starts at a multiple of sixteen", "[base]") {
  for (const std::size_t size : {1U, 7U, 240U, 70'000U}) {
    const Bytes bytes = Bytes::copy_of(std::string(size, 'a'));
    REQUIRE(reinterpret_cast<std::uintptr_t>(bytes.data()) % 16 == 0);
  }
}

TEST_CASE("a half-empty buffer gives its spare memory back", "[base]") {
  Buffer buffer(1 << 20);
  buffer.append(as_bytes("short"));
  REQUIRE(std::move(buffer).freeze().footprint_bytes() < 64);
}

TEST_CASE("content survives growth", "[base]") {
  Buffer buffer;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece = std::to_string(i);
    buffer.append(as_bytes(piece));
    expected += piece;
  }
  REQUIRE(std::move(buffer).freeze().text() == expected);
}

TEST_CASE("big-endian and little-endian integers are read where they stand", "[base]") {
  std::byte memory[9]{};
  store_be64(memory + 1, 0x0102030405060708U);
  REQUIRE(std::to_integer<int>(memory[1]) == 1);
  REQUIRE(load_be64(memory + 1) == 0x0102030405060708U);
  REQUIRE(load_le64(memory + 1) == 0x0807060504030201U);
}

}  // namespace scaler
