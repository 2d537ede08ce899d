#include <catch2/catch.hpp>
#include <cstdlib>

#include "scaler/base/log.hpp"
#include "sim/actors.hpp"

namespace scaler::sim {

namespace {

// An assertion that fails prints the seed: SIM_SEED=n runs that one alone.
std::uint64_t run_seed(std::uint64_t seed) {
  set_assertion_context("simulation seed " + std::to_string(seed));
  Cluster cluster(seed);
  cluster.run();
  return cluster.trace();
}

void run_seeds(std::uint64_t first, std::uint64_t count) {
  log::set_level(log::Level::critical);
  const char* chosen = std::getenv("SIM_SEED");
  if (chosen != nullptr) {
    run_seed(std::strtoull(chosen, nullptr, 10));
    return;
  }
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    CHECK(run_seed(seed) != 0);
  }
}

}  // namespace

TEST_CASE("in any weather each task ends exactly once and nothing is left over", "[sim]") {
  run_seeds(1, 200);
}

TEST_CASE("the same seed gives the same history", "[sim]") {
  log::set_level(log::Level::critical);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) REQUIRE(run_seed(seed) == run_seed(seed));
  REQUIRE(run_seed(1) != run_seed(2));
}

TEST_CASE("in any weather, for longer", "[.soak]") { run_seeds(1000, 5000); }

}  // namespace scaler::sim
