#include "scheduler/monitor.hpp"

namespace scaler::scheduler {

wire::StateTask Monitor::event_of(Index task, wire::TaskState state) const {
  wire::StateTask event;
  event.id = tasks_[task].id;
  event.state = state;
  event.capabilities = placement_.capabilities_of(tasks_[task].label);
  return event;
}

void Monitor::task_waits(Index task, Turn& turn) const {
  if (!on_) return;
  auto event = event_of(task, wire::TaskState::inactive);
  event.function_name = function_of(task);
  turn.out.push_back(Publish{std::move(event)});
}

void Monitor::task_runs(Index task, Turn& turn) const {
  if (!on_) return;
  auto event = event_of(task, wire::TaskState::running);
  event.function_name = function_of(task);
  event.worker = workers_[tasks_[task].worker].identity;
  turn.out.push_back(Publish{std::move(event)});
}

void Monitor::task_is_cancelled(Index task, Turn& turn) const {
  if (!on_) return;
  auto event = event_of(task, wire_state(tasks_[task].state));
  event.worker = workers_[tasks_[task].worker].identity;
  turn.out.push_back(Publish{std::move(event)});
}

void Monitor::task_ends(Index task, wire::TaskState outcome, const Bytes& metadata,
                        Turn& turn) const {
  if (!on_) return;
  auto event = event_of(task, outcome);
  const bool named =
      outcome != wire::TaskState::canceled && outcome != wire::TaskState::canceled_not_found;
  if (named) event.function_name = function_of(task);
  event.metadata = metadata;
  turn.out.push_back(Publish{std::move(event)});
}

void Monitor::worker(Index worker, wire::WorkerState state, Turn& turn) const {
  if (!on_) return;
  wire::StateWorker event{workers_[worker].identity, state, {}};
  if (state == wire::WorkerState::connected) event.capabilities = workers_[worker].capabilities;
  turn.out.push_back(Publish{std::move(event)});
}

void Monitor::node(wire::StateGraphTask event, Turn& turn) const {
  if (on_) turn.out.push_back(Publish{std::move(event)});
}

void Monitor::advice(const Bytes& worker, const std::vector<TaskId>& moved, Turn& turn) const {
  if (on_) turn.out.push_back(Publish{wire::StateBalanceAdvice{worker, moved}});
}

}  // namespace scaler::scheduler
