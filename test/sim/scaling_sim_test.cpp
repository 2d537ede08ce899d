#include <catch2/catch.hpp>

#include "sim/scaling_cluster.hpp"

namespace scaler::sim {

namespace {

const Scenario& scenario(const std::string& name) {
  static const std::vector<Scenario> all = scenarios();
  for (const Scenario& one : all)
    if (one.name == name) return one;
  FAIL("no scenario " << name);
  return all.front();
}

std::uint32_t tasks_in(const Scenario& scenario) {
  std::uint32_t sum = 0;
  for (const Arrival& arrival : scenario.load) sum += arrival.tasks;
  return sum;
}

}  // namespace

TEST_CASE("under every load all tasks end, no busy worker is stopped, and all go at the end",
          "[sim]") {
  for (const Scenario& one : scenarios()) {
    INFO(one.name);
    const Outcome outcome = simulate(one, Decider::ours);
    CHECK(outcome.busy_stopped == 0);
    if (one.name == "nobody can") {
      CHECK(outcome.starts == 0);
      continue;
    }
    CHECK(outcome.tasks_done == tasks_in(one));
    CHECK(outcome.samples.back().workers == 0);
  }
}

TEST_CASE("a burst brings all workers within the time that one takes to start", "[sim]") {
  const Outcome outcome = simulate(scenario("burst"), Decider::ours);
  for (const Sample& sample : outcome.samples)
    if (sample.at >= 5500ms && sample.at <= 10s) CHECK(sample.workers == 8);
  CHECK(outcome.starts == 8);
  CHECK(outcome.stops == 8);
}

TEST_CASE("a load that pulses faster than workers settle keeps its worker", "[sim]") {
  const Outcome ours = simulate(scenario("pulses"), Decider::ours);
  CHECK(ours.starts == 1);
  CHECK(ours.stops == 1);
  CHECK(simulate(scenario("pulses"), Decider::peer).starts > 5);
}

TEST_CASE("two managers do not both answer the same demand", "[sim]") {
  CHECK(simulate(scenario("two managers"), Decider::ours).peak == 6);
}

TEST_CASE("the work of a manager that died is taken over", "[sim]") {
  const Outcome outcome = simulate(scenario("a manager dies"), Decider::ours);
  CHECK(outcome.tasks_done == 120);
  CHECK(outcome.starts > 8);
}

TEST_CASE("waterfall starts the dear workers only beyond the cheap ones", "[sim]") {
  const Outcome outcome = simulate(scenario("waterfall"), Decider::ours);
  CHECK(outcome.peak == 8);
  CHECK(outcome.starts == 8);
}

TEST_CASE("the same load gives the same course", "[sim]") {
  const Outcome first = simulate(scenario("ramp"), Decider::ours);
  const Outcome second = simulate(scenario("ramp"), Decider::ours);
  REQUIRE(first.samples.size() == second.samples.size());
  for (std::size_t i = 0; i < first.samples.size(); ++i)
    REQUIRE(first.samples[i].workers == second.samples[i].workers);
}

// What is known of the peer's release 2.0.9 from running it with managers that only count.
TEST_CASE("the model of the peer does what the peer was seen to do", "[sim]") {
  const auto starts = [](const Scenario& scenario) {
    return simulate(scenario, Decider::peer).starts;
  };
  Scenario seen;
  seen.load = {{1s, 25, 100s}};
  seen.span = 20s;
  CHECK(starts(seen) == 3);  // 25 tasks on 3 workers are fewer than 10 for each

  Scenario flapping = scenario("nobody can");
  CHECK(starts(flapping) >= 4);  // asked for "gpu" without having it
}

}  // namespace scaler::sim
