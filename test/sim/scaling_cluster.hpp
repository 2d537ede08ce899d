#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "scaler/scheduler/scheduler.hpp"

// A scheduler with managers and workers in virtual time, to see what a scaling policy makes of a
// load: workers take a while to start and run one task at a time. Messages arrive at once.
namespace scaler::sim {

using scheduler::ScalingPolicy;

struct Arrival {
  Duration at{};
  std::uint32_t tasks = 1;
  Duration length = 1s;
  std::vector<std::string> capabilities = {};
};

struct SimManager {
  std::string id;
  std::uint32_t workers_max = 8;
  std::vector<std::string> capabilities = {};
  Duration dies_at = Duration::max();  // it and its workers vanish
};

// Who decides: our scheduler, or the rules of the peer's release 2.0.9 as they are documented, at
// each manager's heartbeat and by one command at a time.
enum class Decider : std::uint8_t { ours, peer };

struct Scenario {
  std::string name;
  ScalingPolicy policy = ScalingPolicy::vanilla;
  std::vector<SimManager> managers = {{"a"}};
  std::vector<scheduler::WaterfallRule> rules = {};
  std::vector<Arrival> load = {};
  Duration span = 60s;
  Duration worker_start = 1s;
};

struct Sample {
  Duration at{};
  std::uint32_t tasks = 0;
  std::uint32_t workers = 0;  // that run, connected or not
};

struct Outcome {
  std::vector<Sample> samples;  // every half second
  std::uint32_t peak = 0;
  std::uint32_t starts = 0;
  std::uint32_t stops = 0;
  std::uint32_t busy_stopped = 0;  // while they ran a task
  std::uint32_t tasks_done = 0;
  double worker_seconds = 0;       // that workers existed
  double task_seconds_waited = 0;  // from arrival to end, less the tasks' own length, all together
  Duration last_task_done{};
};

Outcome simulate(const Scenario& scenario, Decider decider);

// The loads by which policies are compared.
std::vector<Scenario> scenarios();

}  // namespace scaler::sim
