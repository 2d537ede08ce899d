#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scaler/base/time.hpp"

// How many workers each worker manager should run. plan() is a pure function of a picture of the
// cluster: the scheduler, a simulation and a test call the same one.
namespace scaler::scheduler {

enum class ScalingPolicy : std::uint8_t { no, vanilla, capability, waterfall };

// The manager with the lowest priority number is filled first.
struct WaterfallRule {
  std::int64_t priority = 0;
  std::string manager_id;
  std::optional<std::int64_t> workers_max;  // none: the manager's own limit
};

struct ScalingOptions {
  ScalingPolicy policy = ScalingPolicy::no;
  std::vector<WaterfallRule> waterfall;
  Duration settle = 5s;            // fewer workers must be enough for so long before any is stopped
  Duration start_patience = 300s;  // a start that brought no worker in this time is forgotten
  Duration retire_patience = 30s;  // a worker that was to be stopped and is still there works on
};

using CapabilityNames = std::vector<std::string>;  // sorted, each once

// Tasks that have not ended, by the capability names that they need.
struct TaskDemand {
  CapabilityNames names;
  std::uint64_t tasks = 0;
};

constexpr std::uint32_t workers_unlimited = ~std::uint32_t{0};

// The workers of one manager that can be told to start and stop some.
struct Crew {
  std::string manager_id;
  CapabilityNames names;  // that each of its workers offers
  std::uint32_t workers_max = workers_unlimited;
  std::uint32_t workers = 0;   // connected, and not about to be stopped
  std::uint32_t starting = 0;  // asked for, not connected yet
  std::uint32_t busy = 0;      // of `workers`: hold at least one task
  std::uint32_t present() const { return workers + starting; }
};

// Workers that come and go by themselves: of fixed managers, and of those that have vanished.
struct OtherWorkers {
  CapabilityNames names;
  std::uint32_t workers = 0;
};

struct ClusterPicture {
  std::vector<TaskDemand> demand;
  std::vector<Crew> crews;
  std::vector<OtherWorkers> others;
  bool names_bind = false;  // a task runs only where its names are offered (allocate=capability)
};

// The number of workers for each crew, in their order. One that differs from Crew::present() is a
// wish; a smaller one never goes below the busy workers, and is never given while any starts.
//
// Under vanilla and waterfall a worker is good for 10 tasks, under capability for 5. More workers
// are wished for as soon as the present ones, those that start included, are too few; fewer only
// when there is less than one task (capability: half a task) for each worker that could run it. A
// crew is asked only for what its workers can run. Costs O(names sets * (crews + others)).
std::vector<std::uint32_t> plan(ScalingPolicy policy, const std::vector<WaterfallRule>& rules,
                                const ClusterPicture& picture);

}  // namespace scaler::scheduler
