#include "scheduler/status.hpp"

#include <algorithm>
#include <limits>

#include "scheduler/placement.hpp"

namespace scaler::scheduler {

namespace {

template <class Narrow, class Wide>
Narrow clamped(Wide value) {
  return static_cast<Narrow>(
      std::min<Wide>(value, static_cast<Wide>(std::numeric_limits<Narrow>::max())));
}

std::uint8_t seconds_since(TimePoint then, TimePoint now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - then).count();
  return clamped<std::uint8_t>(std::max<std::int64_t>(0, seconds));
}

// Initialized, has a task (of the first processor that is not suspended), task lock.
std::string itl_of(const wire::WorkerHeartbeat& heartbeat) {
  std::string digits = "00";
  for (const auto& processor : heartbeat.processors) {
    if (processor.suspended) continue;
    digits = {processor.initialized ? '1' : '0', processor.has_task ? '1' : '0'};
    break;
  }
  return digits + (heartbeat.task_lock ? '1' : '0');
}

wire::StateScheduler::WorkerStatus worker_status(const Worker& worker, TimePoint now) {
  wire::StateScheduler::WorkerStatus status;
  status.worker = worker.identity;
  status.agent = worker.last.agent;
  status.rss_free_bytes = worker.last.rss_free_bytes;
  status.free = worker.draining ? 0 : worker.free_places();
  status.sent = worker.load();
  status.queued = worker.last.queued_tasks;
  status.suspended = clamped<std::uint8_t>(
      std::count_if(worker.last.processors.begin(), worker.last.processors.end(),
                    [](const auto& processor) { return processor.suspended; }));
  status.lag_us = worker.last.latency_us;
  status.last_seconds = seconds_since(worker.last_seen, now);
  status.itl = itl_of(worker.last);
  status.processors = worker.last.processors;
  return status;
}

wire::StateScheduler::ManagerDetail manager_detail(const Manager& manager, TimePoint now) {
  wire::StateScheduler::ManagerDetail detail;
  detail.manager_id = manager.last.manager_id;
  detail.identity = std::string(manager.identity.text());
  detail.last_seen_seconds = seconds_since(manager.last_seen, now);
  detail.max_task_concurrency = manager.last.max_task_concurrency;
  detail.capabilities = fmt::format("{}", fmt::join(names_of(manager.last.capabilities), " "));
  detail.pending_workers = manager.starting;
  return detail;
}

}  // namespace

wire::StateScheduler status_of(const TaskTable& tasks, const ClientTable& clients,
                               const WorkerTable& workers, const ManagerTable& managers,
                               const ObjectRegistry& objects, TimePoint now) {
  wire::StateScheduler status;
  const auto add_client = [&](Index index) {
    const Client& client = clients[index];
    const auto count = client.tasks.size + static_cast<std::uint32_t>(client.graphs.size());
    status.clients.push_back({client.identity, count});
  };
  for (const auto& [identity, index] : clients.by_identity()) add_client(index);
  for (const Index index : clients.gone())
    if (!clients[index].tasks.empty()) add_client(index);
  status.objects = clamped<std::uint32_t>(objects.size());

  for (unsigned code = 0; code <= 10; ++code) {
    const auto state = static_cast<wire::TaskState>(code);
    if (state == wire::TaskState::balance_canceled) continue;  // readers of 2.0 end on it
    status.tasks.push_back({state, static_cast<std::uint32_t>(tasks.count(state))});
  }

  std::map<std::string, std::vector<Bytes>, std::less<>> managed;
  for (const auto& [id, manager] : managers.by_id()) {
    managed[id];
    status.managers.push_back(manager_detail(manager, now));
  }
  for (const Index index : workers.present_in_order()) {
    const Worker& worker = workers[index];
    status.workers.push_back(worker_status(worker, now));
    if (!worker.manager_id.empty())
      managed[std::string(worker.manager_id.text())].push_back(worker.identity);
  }
  for (auto& [id, members] : managed)
    status.managed_workers.push_back({Bytes::copy_of(id), std::move(members)});
  return status;
}

}  // namespace scaler::scheduler
