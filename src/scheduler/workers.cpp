#include "scheduler/workers.hpp"

#include <algorithm>

namespace scaler::scheduler {

Index WorkerTable::find(const Bytes& identity) const {
  const auto found = by_identity_.find(identity.text());
  return found == by_identity_.end() ? none : found->second;
}

Index WorkerTable::insert(const Bytes& identity) {
  const Index index = pool_.insert({});
  pool_[index].identity = Bytes::copy_of(identity.view());
  pool_[index].serial = next_serial_++;
  by_identity_.emplace(identity.text(), index);
  return index;
}

void WorkerTable::erase(Index index) {
  SCALER_ASSERT(pool_[index].tasks.empty(), "a worker with tasks is forgotten");
  by_identity_.erase(by_identity_.find(pool_[index].identity.text()));
  pool_.erase(index);
}

void WorkerTable::set_standing(Index index, WorkerStanding standing) {
  Worker& worker = pool_[index];
  if (worker.standing == WorkerStanding::present) --present_;
  if (standing == WorkerStanding::present) {
    ++present_;
    worker.registered = next_registration_++;
  }
  worker.standing = standing;
}

void WorkerTable::attach(Index index, TaskTable& tasks, Index task, Index client_serial,
                         const Bytes& client, TimePoint now) {
  Worker& worker = pool_[index];
  worker.tasks.push_back(tasks.pool(), task);
  tasks[task].worker = index;
  Holding& holding = worker.holdings[client_serial];
  if (holding.client.empty()) holding.client = client;
  ++holding.tasks;
  holding.since = now;
}

void WorkerTable::detach(TaskTable& tasks, Index task, Index client_serial, TimePoint now) {
  Worker& worker = pool_[tasks[task].worker];
  if (worker.to_ask == task) worker.to_ask = PlacedTasks::next_of(tasks.pool(), task);
  worker.tasks.remove(tasks.pool(), task);
  tasks[task].worker = none;
  const auto held = worker.holdings.find(client_serial);
  SCALER_ASSERT(held != worker.holdings.end() && held->second.tasks > 0, "holdings do not add up");
  --held->second.tasks;
  held->second.since = now;
}

bool WorkerTable::works_for(Index index, Index client_serial) const {
  return pool_[index].holdings.contains(client_serial);
}

bool WorkerTable::worked_for_identity(Index index, const Bytes& client) const {
  const auto& holdings = pool_[index].holdings;
  return std::any_of(holdings.begin(), holdings.end(),
                     [&](const auto& entry) { return entry.second.client == client; });
}

void WorkerTable::forget_old_holdings(Index index, TimePoint before) {
  std::erase_if(pool_[index].holdings, [&](const auto& entry) {
    return entry.second.tasks == 0 && entry.second.since < before;
  });
}

std::vector<Index> WorkerTable::present_in_order() const {
  std::vector<Index> present;
  present.reserve(present_);
  for (const auto& [identity, index] : by_identity_)
    if (pool_[index].standing == WorkerStanding::present) present.push_back(index);
  std::sort(present.begin(), present.end(),
            [&](Index a, Index b) { return pool_[a].registered < pool_[b].registered; });
  return present;
}

}  // namespace scaler::scheduler
