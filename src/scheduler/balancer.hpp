#pragma once

#include <cstdint>
#include <vector>

#include "scaler/scheduler/scheduler.hpp"
#include "scheduler/placement.hpp"
#include "scheduler/tasks.hpp"
#include "scheduler/workers.hpp"

namespace scaler::scheduler {

// Which tasks a worker should give back.
struct Move {
  Index worker;
  std::vector<TaskId> tasks;  // in order of assignment
  friend bool operator==(const Move&, const Move&) = default;
};
using Advice = std::vector<Move>;

// Pure: looks, changes nothing. Only tasks that may not have started are moved, the youngest first;
// tasks already on their way back count as if they were on the idlest workers.
//   even_load   when a worker is idle: whoever has more than the mean of queued tasks gives the
//   rest capability  when a worker is idle: from the fullest worker to the emptiest that can run
//   it, until
//               both are within one task of max(mean, 1)
// Cost: O(workers log workers + tasks looked at).
Advice advise(Allocation allocation, const TaskTable& tasks, const WorkerTable& workers,
              const Placement& placement, TimePoint now);

// Advice is followed when it was given `times` times in a row, and then forgotten. It is the same
// advice when the same workers give: which of their tasks, and how many, changes with every task
// that ends meanwhile.
class AdviceGate {
 public:
  explicit AdviceGate(std::uint32_t times) : times_(times) {}
  bool passes(const Advice& advice);

 private:
  std::uint32_t times_;
  std::uint32_t seen_ = 0;
  std::vector<Index> last_givers_;
};

}  // namespace scaler::scheduler
