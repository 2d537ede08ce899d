#include <catch2/catch.hpp>
#include <cstdlib>

#include "scaler/base/log.hpp"
#include "sim/actors.hpp"

namespace scaler::sim {

namespace {

struct History {
  std::uint64_t trace = 0;
  std::uint64_t tasks_sent_ahead = 0;
};

// An assertion that fails prints the seed: SIM_SEED=n runs that one alone.
History run_seed(std::uint64_t seed) {
  set_assertion_context("simulation seed " + std::to_string(seed));
  Cluster cluster(seed);
  cluster.run();
  return {cluster.trace(), cluster.network.core.counters().tasks_sent_ahead};
}

void run_seeds(std::uint64_t first, std::uint64_t count) {
  log::set_level(log::Level::critical);
  const char* chosen = std::getenv("SIM_SEED");
  if (chosen != nullptr) {
    run_seed(std::strtoull(chosen, nullptr, 10));
    return;
  }
  std::uint64_t sent_ahead = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    const History history = run_seed(seed);
    CHECK(history.trace != 0);
    sent_ahead += history.tasks_sent_ahead;
  }
  REQUIRE(sent_ahead > count);
}

}  // namespace

TEST_CASE("in any weather each task ends exactly once and nothing is left over", "[sim]") {
  run_seeds(1, 200);
}

TEST_CASE("the same seed gives the same history", "[sim]") {
  log::set_level(log::Level::critical);
  for (std::uint64_t seed = 1; seed <= 3; ++seed)
    REQUIRE(run_seed(seed).trace == run_seed(seed).trace);
  REQUIRE(run_seed(1).trace != run_seed(2).trace);
}

TEST_CASE("in any weather, for longer", "[.soak]") { run_seeds(1000, 5000); }

}  // namespace scaler::sim
