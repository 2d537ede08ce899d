// Runs every load of test/sim through our scaling and through the documented rules of the peer's
// release 2.0.9, in virtual time, and prints the courses as JSON. scaling_report.py draws them.
#include <fmt/format.h>

#include <cstdio>

#include "scaler/base/log.hpp"
#include "sim/scaling_cluster.hpp"

namespace scaler::sim {
namespace {

const char* name_of(ScalingPolicy policy) {
  switch (policy) {
    case ScalingPolicy::no:
      return "no";
    case ScalingPolicy::vanilla:
      return "vanilla";
    case ScalingPolicy::capability:
      return "capability";
    case ScalingPolicy::waterfall:
      return "waterfall_v1";
  }
  return "";
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

void print(const Outcome& outcome) {
  fmt::print(
      "{{\"peak\": {}, \"starts\": {}, \"stops\": {}, \"busy_stopped\": {}, \"tasks_done\": {}, "
      "\"worker_seconds\": {:.1f}, \"waited\": {:.1f}, \"last_done\": {:.1f}, \"samples\": [",
      outcome.peak, outcome.starts, outcome.stops, outcome.busy_stopped, outcome.tasks_done,
      outcome.worker_seconds, outcome.task_seconds_waited, seconds(outcome.last_task_done));
  const char* separator = "";
  for (const Sample& sample : outcome.samples) {
    fmt::print("{}[{:.1f}, {}, {}]", separator, seconds(sample.at), sample.tasks, sample.workers);
    separator = ", ";
  }
  fmt::print("]}}");
}

int run() {
  log::set_level(log::Level::error);
  const char* separator = "[\n";
  for (const Scenario& scenario : scenarios()) {
    std::uint32_t tasks = 0;
    for (const Arrival& arrival : scenario.load) tasks += arrival.tasks;
    fmt::print("{}{{\"name\": \"{}\", \"policy\": \"{}\", \"tasks\": {},\n \"ours\": ", separator,
               scenario.name, name_of(scenario.policy), tasks);
    print(simulate(scenario, Decider::ours));
    fmt::print(",\n \"peer\": ");
    print(simulate(scenario, Decider::peer));
    fmt::print("}}");
    separator = ",\n";
  }
  fmt::print("\n]\n");
  return 0;
}

}  // namespace
}  // namespace scaler::sim

int main() { return scaler::sim::run(); }
