#include "scaler/base/large_blocks.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/large_pages.hpp"

namespace scaler {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

// Nothing of the tests before is kept.
void empty_the_store() { give_back(take_large_block(kept_bytes_max)); }

}  // namespace

TEST_CASE("a large block begins at a large page and may be written from end to end", "[base]") {
  const LargeBlock block = take_large_block(5 * mib + 1);
  REQUIRE(reinterpret_cast<std::uintptr_t>(block.memory) % (2 * mib) == 0);
  REQUIRE(block.bytes >= 5 * mib + 1);
  std::memset(block.memory, 'x', block.bytes);
  give_back(block);
}

TEST_CASE("a block that was given back serves whoever wants about as much next", "[base]") {
  empty_the_store();
  const LargeBlock first = take_large_block(10 * mib);
  give_back(first);
  SECTION("as much") { REQUIRE(take_large_block(10 * mib).memory == first.memory); }
  SECTION("a little less") { REQUIRE(take_large_block(9 * mib).memory == first.memory); }
  SECTION("much less gets a block of its own size") {
    REQUIRE(take_large_block(5 * mib).bytes == 5 * mib);
  }
  SECTION("more gets a block that is large enough") {
    REQUIRE(take_large_block(11 * mib).bytes == 11 * mib);
  }
}

TEST_CASE("the best of the kept blocks is taken", "[base]") {
  empty_the_store();
  const LargeBlock larger = take_large_block(11 * mib);
  const LargeBlock smaller = take_large_block(10 * mib);
  give_back(smaller);
  give_back(larger);
  REQUIRE(take_large_block(9 * mib).memory == smaller.memory);
  REQUIRE(take_large_block(9 * mib).memory == larger.memory);
}

TEST_CASE("only so much is kept, and the longest unused goes first", "[base]") {
  empty_the_store();
  const LargeBlock oldest = take_large_block(50 * mib);
  const LargeBlock middle = take_large_block(60 * mib);
  const LargeBlock newest = take_large_block(60 * mib);
  give_back(oldest);
  give_back(middle);
  give_back(newest);
  const LargeBlock again = take_large_block(60 * mib);
  const LargeBlock second = take_large_block(60 * mib);
  REQUIRE((again.memory == middle.memory || again.memory == newest.memory));
  REQUIRE((second.memory == middle.memory || second.memory == newest.memory));
}

TEST_CASE("a process may keep less, and give back all that it keeps", "[base]") {
  empty_the_store();
  give_back(take_large_block(10 * mib));
  REQUIRE(kept_block_bytes() == 10 * mib);
  release_kept_blocks();
  REQUIRE(kept_block_bytes() == 0);
  keep_at_most(8 * mib);
  give_back(take_large_block(10 * mib));
  REQUIRE(kept_block_bytes() == 0);
  keep_at_most(kept_bytes_max);
}

TEST_CASE("a block that is larger than all that is kept may come and go", "[base]") {
  give_back(take_large_block(2 * kept_bytes_max));
  give_back(take_large_block(2 * kept_bytes_max));
}

TEST_CASE("large content survives every growth and the loss of spare room", "[base]") {
  Buffer buffer;
  std::string expected;
  const std::string piece(3 * mib, '.');
  for (int i = 0; i < 10; ++i) {
    const std::string marked = std::to_string(i) + piece;
    buffer.append(as_bytes(marked));
    expected += marked;
  }
  buffer.reserve(100 * mib);
  REQUIRE(as_text(buffer.view()) == expected);
  const Bytes bytes = std::move(buffer).freeze();
  REQUIRE(bytes.text() == expected);
  REQUIRE(bytes.footprint_bytes() < expected.size() + 8192);
}

TEST_CASE("a large buffer with little in it becomes a small block", "[base]") {
  Buffer buffer(10 * mib);
  buffer.append(as_bytes("short"));
  const Bytes bytes = std::move(buffer).freeze();
  REQUIRE(bytes.text() == "short");
  REQUIRE(bytes.footprint_bytes() < 64);
}

}  // namespace scaler
