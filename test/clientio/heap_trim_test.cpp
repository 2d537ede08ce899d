#include "clientio/heap_trim.hpp"

#include <catch2/catch.hpp>

namespace scaler::clientio {

namespace {
constexpr std::uint64_t burst_bytes = std::uint64_t{64} << 20;
const TimePoint start{std::chrono::hours(1)};
}  // namespace

TEST_CASE("the heap is trimmed when the last of a burst has passed and it is quiet", "[clientio]") {
  HeapTrim trim;
  REQUIRE_FALSE(trim.due());
  trim.passed(burst_bytes, start);
  const auto first = trim.due();
  REQUIRE(first > start);
  trim.passed(1, start + 50ms);
  REQUIRE(trim.due() == *first + 50ms);
}

TEST_CASE("the heap is not trimmed for little, nor again for nothing", "[clientio]") {
  HeapTrim trim;
  trim.passed(1000, start);
  REQUIRE_FALSE(trim.due());
  trim.passed(burst_bytes, start);
  REQUIRE(trim.due());
  trim.trimmed(start + 1s, 1ms);
  REQUIRE_FALSE(trim.due());
}

TEST_CASE("trimming takes at most a hundredth of the time", "[clientio]") {
  HeapTrim trim;
  trim.trimmed(start, 500ms);
  trim.passed(burst_bytes, start + 1s);
  REQUIRE(trim.due() >= start + 50s);
}

}  // namespace scaler::clientio
