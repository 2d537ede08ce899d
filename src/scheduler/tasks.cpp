#include "scheduler/tasks.hpp"

namespace scaler::scheduler {

Index TaskTable::insert(Task task) {
  task.state = State::inactive;
  task.arrival = next_arrival_++;
  const TaskId id = task.id;
  const Index index = pool_.insert(std::move(task));
  by_id_.insert(id, index);
  ++counter(wire::TaskState::inactive);
  return index;
}

void TaskTable::erase(Index index) {
  by_id_.erase(pool_[index].id, index);
  pool_.erase(index);
}

void TaskTable::change_state(Index index, State to) {
  Task& task = pool_[index];
  SCALER_ASSERT(task.state != State::abandoned && to != State::abandoned, "see abandon()");
  --counter(wire_state(task.state));
  task.state = to;
  ++counter(wire_state(to));
}

void TaskTable::abandon(Index index, wire::TaskState outcome) {
  count_end(index, outcome);
  pool_[index].state = State::abandoned;
}

void TaskTable::count_end(Index index, wire::TaskState outcome) {
  const Task& task = pool_[index];
  if (task.state == State::abandoned) return;
  --counter(wire_state(task.state));
  ++counter(outcome);
}

}  // namespace scaler::scheduler
