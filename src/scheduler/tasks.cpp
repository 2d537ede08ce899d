#include "scheduler/tasks.hpp"

namespace scaler::scheduler {

Index TaskTable::intern(const ObjectId& function) {
  Index index = functions_by_id_.find(function, functions_);
  if (index == none) {
    index = functions_.insert({function, 0});
    functions_by_id_.insert(function, index);
  }
  ++functions_[index].tasks;
  return index;
}

void TaskTable::release(Index function) {
  if (--functions_[function].tasks > 0) return;
  functions_by_id_.erase(functions_[function].id, function);
  functions_.erase(function);
}

Index TaskTable::insert(Task task, const ObjectId& function) {
  task.state = State::inactive;
  task.function = intern(function);
  task.arrival = next_arrival_++;
  const TaskId id = task.id;
  const Index index = pool_.insert(std::move(task));
  by_id_.insert(id, index);
  ++counter(wire::TaskState::inactive);
  return index;
}

void TaskTable::erase(Index index) {
  by_id_.erase(pool_[index].id, index);
  release(pool_[index].function);
  pool_.erase(index);
}

void TaskTable::prefetch(Index index, Index later) const {
  if (later != none) {
    __builtin_prefetch(&pool_[later]);
    __builtin_prefetch(reinterpret_cast<const std::byte*>(&pool_[later]) + 64);
  }
  if (index == none) return;
  by_id_.prefetch(pool_[index].id);
  if (const auto* frame = std::get_if<Bytes>(&pool_[index].body))
    __builtin_prefetch(frame->data() - 32);
}

void TaskTable::prefetch_end(Index index) const {
  const Task& task = pool_[index];
  if (const auto* frame = std::get_if<Bytes>(&task.body)) {
    __builtin_prefetch(frame->data() - 32);
    __builtin_prefetch(frame->data() +
                       frame->size());  // the block behind it, which free() looks at
  }
  for (const Index at : {task.place.previous, task.place.next})
    if (at != none) __builtin_prefetch(&pool_[at].place);
  for (const Index at : {task.of_client.previous, task.of_client.next})
    if (at != none) __builtin_prefetch(&pool_[at].of_client);
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
