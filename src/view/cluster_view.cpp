#include "scaler/view/cluster_view.hpp"

#include <algorithm>
#include <map>

namespace scaler::view {
namespace {

constexpr std::size_t known_workers_max = 100'000;

void add(Totals& totals, const WorkerView& worker) {
  totals.workers += 1;
  totals.agent_cpu_permille += worker.status.agent.cpu_permille;
  totals.agent_rss_bytes += worker.status.agent.rss_bytes;
  totals.cpu_permille += worker.cpu_permille;
  totals.rss_bytes += worker.rss_bytes;
  totals.free += worker.status.free;
  totals.sent += worker.status.sent;
  totals.queued += worker.status.queued;
  totals.suspended += worker.status.suspended;
}

}  // namespace

void ClusterView::on_message(const wire::Message& message, TimePoint now) {
  if (const auto* state = std::get_if<wire::StateScheduler>(&message)) on_state(*state, now);
  if (const auto* event = std::get_if<wire::StateWorker>(&message)) on_worker(*event);
}

Duration ClusterView::age(TimePoint now) const {
  return said_at_ ? now - *said_at_ : Duration::zero();
}

std::uint64_t ClusterView::pending_workers() const {
  std::uint64_t pending = 0;
  for (const auto& manager : state_.managers) pending += manager.pending_workers;
  return pending;
}

void ClusterView::on_state(const wire::StateScheduler& state, TimePoint now) {
  state_ = state;
  said_at_ = now;
  join_workers();
  join_managers();
  forget_gone_workers();
}

void ClusterView::on_worker(const wire::StateWorker& event) {
  const std::string id(event.worker.text());
  if (event.state == wire::WorkerState::disconnected) {
    known_.erase(id);
    return;
  }
  if (known_.size() >= known_workers_max && !known_.contains(id)) return;
  known_.insert_or_assign(id, Known{event.capabilities, true});
  for (WorkerView& worker : workers_)
    if (worker.status.worker.text() == id) worker.capabilities = event.capabilities;
}

void ClusterView::join_workers() {
  std::unordered_map<std::string_view, Bytes> manager_of;
  for (const auto& managed : state_.managed_workers)
    for (const Bytes& worker : managed.workers) manager_of[worker.text()] = managed.manager_id;

  workers_.clear();
  totals_ = {};
  for (const auto& status : state_.workers) {
    WorkerView worker{status, {}, {}, 0, 0};
    const auto manager = manager_of.find(status.worker.text());
    if (manager != manager_of.end()) worker.manager_id = manager->second;
    const auto known = known_.find(std::string(status.worker.text()));
    if (known != known_.end()) worker.capabilities = known->second.capabilities;
    for (const auto& processor : status.processors) {
      worker.cpu_permille += processor.resource.cpu_permille;
      worker.rss_bytes += processor.resource.rss_bytes;
    }
    add(totals_, worker);
    workers_.push_back(std::move(worker));
  }
}

void ClusterView::join_managers() {
  std::map<std::string_view, ManagerView> by_id;
  const auto at = [&](const Bytes& id) -> ManagerView& {
    ManagerView& manager = by_id[id.text()];
    manager.id = id;
    return manager;
  };
  for (const auto& managed : state_.managed_workers) at(managed.manager_id);
  for (const auto& detail : state_.managers) at(detail.manager_id).detail = detail;
  for (const WorkerView& worker : workers_) add(at(worker.manager_id).totals, worker);
  managers_.clear();
  for (auto& [id, manager] : by_id) managers_.push_back(std::move(manager));
}

// One that has just connected is told of before the first state that lists it.
void ClusterView::forget_gone_workers() {
  std::unordered_map<std::string_view, bool> listed;
  for (const auto& worker : state_.workers) listed[worker.worker.text()] = true;
  std::erase_if(known_, [&](const auto& entry) {
    return !entry.second.is_new && !listed.contains(entry.first);
  });
  for (auto& [id, known] : known_) known.is_new = false;
}

}  // namespace scaler::view
