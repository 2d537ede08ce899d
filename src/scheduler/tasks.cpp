#include "scheduler/tasks.hpp"

#include <algorithm>

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
  const auto& beside = pool_[index].arguments.beside;
  if (beside[0] == none && beside[1] != none) many_arguments_.erase(beside[1]);
  pool_.erase(index);
}

void TaskTable::set_arguments(Index index, std::vector<Index> objects) {
  auto& beside = pool_[index].arguments.beside;
  if (objects.size() > beside.size())
    beside[1] = many_arguments_.insert(std::move(objects));
  else
    std::copy(objects.begin(), objects.end(), beside.begin());
}

std::span<const Index> TaskTable::arguments_of(Index index) const {
  const auto& beside = pool_[index].arguments.beside;
  if (beside[0] == none && beside[1] != none) return many_arguments_[beside[1]];
  const std::size_t count = beside[0] == none ? 0 : beside[1] == none ? 1 : 2;
  return std::span(beside).first(count);
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

void TaskTable::count_return(Index index) { --counter(wire_state(pool_[index].state)); }

}  // namespace scaler::scheduler
