#pragma once

#include <vector>

#include "scaler/scheduler/outbox.hpp"
#include "scheduler/objects.hpp"
#include "scheduler/placement.hpp"
#include "scheduler/tasks.hpp"
#include "scheduler/workers.hpp"

namespace scaler::scheduler {

// One call of the scheduler: the time it was told and where effects go.
struct Turn {
  TimePoint now;
  Outbox& out;
};

// Writes the events of the monitor stream, and nothing at all while nobody listens. Each transition
// is said once.
class Monitor {
 public:
  Monitor(const TaskTable& tasks, const WorkerTable& workers, const Placement& placement,
          const ObjectRegistry& objects)
      : tasks_(tasks), workers_(workers), placement_(placement), objects_(objects) {}

  void listen(bool somebody_listens) { on_ = somebody_listens; }
  bool on() const { return on_; }

  void task_waits(Index task, Turn& turn) const;
  void task_runs(Index task, Turn& turn) const;
  void task_is_cancelled(Index task, Turn& turn) const;  // asked of the worker, for either reason
  // `metadata` is the result's. Success and failures carry the function's name.
  void task_ends(Index task, wire::TaskState outcome, const Bytes& metadata, Turn& turn) const;
  void worker(Index worker, wire::WorkerState state, Turn& turn) const;
  void node(wire::StateGraphTask event, Turn& turn) const;
  void advice(const Bytes& worker, const std::vector<TaskId>& moved, Turn& turn) const;

 private:
  wire::StateTask event_of(Index task, wire::TaskState state) const;
  Bytes function_of(Index task) const { return objects_.name_of(tasks_[task].function); }

  const TaskTable& tasks_;
  const WorkerTable& workers_;
  const Placement& placement_;
  const ObjectRegistry& objects_;
  bool on_ = false;
};

}  // namespace scaler::scheduler
