#pragma once

#include <string_view>

#include "scaler/scheduler/inquiry.hpp"
#include "scheduler/clients.hpp"
#include "scheduler/graphs.hpp"
#include "scheduler/objects.hpp"
#include "scheduler/placement.hpp"
#include "scheduler/tasks.hpp"
#include "scheduler/worker_desk.hpp"
#include "scheduler/workers.hpp"

namespace scaler::scheduler {

// Looks, and changes nothing. What it looks at is bounded, so that no question holds up the loop.
class InquiryDesk {
 public:
  InquiryDesk(const Options& options, const TaskTable& tasks, const ClientTable& clients,
              const WorkerTable& workers, const ObjectRegistry& objects, const Placement& placement,
              const GraphEngine& graphs, const WorkerDesk& worker_desk);

  Explanation explain(const TaskId& id) const;    // O(tasks before it), at most `looked_at_max`
  TaskList list(const TaskFilter& filter) const;  // O(tasks), at most `looked_at_max`

  static constexpr std::size_t looked_at_max = 100'000;

 private:
  void explain_waiting(Index index, Explanation& answer) const;
  void explain_held(Index index, Explanation& answer) const;
  Cause look_for_worker(Index index, Explanation& answer) const;  // O(workers)
  void count_ahead(Index index, Explanation& answer) const;
  TaskLine line_of(Index index) const;

  const Options& options_;
  const TaskTable& tasks_;
  const ClientTable& clients_;
  const WorkerTable& workers_;
  const ObjectRegistry& objects_;
  const Placement& placement_;
  const GraphEngine& graphs_;
  const WorkerDesk& worker_desk_;
};

}  // namespace scaler::scheduler
