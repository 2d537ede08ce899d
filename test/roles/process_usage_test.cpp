#include "roles/process_usage.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <climits>
#include <ctime>

namespace scaler::roles {

TEST_CASE("a process that runs has memory, and no CPU share at its first reading", "[roles]") {
  ProcessUsage usage;
  const auto readings = usage.read({::getpid()}, TimePoint{1s});
  REQUIRE(readings.size() == 1);
  REQUIRE(readings[0].rss_bytes > 100'000);
  REQUIRE(readings[0].cpu_permille == 0);
}

TEST_CASE("CPU time is divided by the time since the last reading", "[roles]") {
  ProcessUsage usage;
  usage.read({::getpid()}, TimePoint{1s});
  const std::clock_t begin = std::clock();
  while (std::clock() - begin < CLOCKS_PER_SEC / 20) {
  }
  // 50 ms of work, counted in ticks of 10 ms, within what we call a hundred milliseconds.
  REQUIRE(usage.read({::getpid()}, TimePoint{1s} + 100ms)[0].cpu_permille >= 300);
}

TEST_CASE("a process that is gone uses nothing", "[roles]") {
  ProcessUsage usage;
  REQUIRE(usage.read({INT_MAX}, TimePoint{1s})[0] == wire::Resource{});
}

}  // namespace scaler::roles
