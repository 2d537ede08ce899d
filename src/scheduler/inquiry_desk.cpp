#include "scheduler/inquiry_desk.hpp"

#include <algorithm>
#include <unordered_map>

namespace scaler::scheduler {

namespace {

Standing standing_of(State state) {
  switch (state) {
    case State::inactive:
      return Standing::waiting;
    case State::running:
      return Standing::running;
    case State::balance_canceling:
      return Standing::balance_canceling;
    case State::canceling:
    case State::abandoned:
      return Standing::canceling;
  }
  return Standing::unknown;
}

bool fits_state(Standing standing, const std::string& wanted) {
  if (wanted.empty()) return true;
  if (wanted == "waiting") return standing == Standing::waiting;
  if (wanted == "running") return standing == Standing::running;
  return standing == Standing::canceling || standing == Standing::balance_canceling;
}

bool holds(const Bytes& identity, const std::string& text) {
  return text.empty() || identity.text().find(text) != std::string_view::npos;
}

}  // namespace

InquiryDesk::InquiryDesk(const Options& options, const TaskTable& tasks, const ClientTable& clients,
                         const WorkerTable& workers, const ObjectRegistry& objects,
                         const Placement& placement, const GraphEngine& graphs,
                         const WorkerDesk& worker_desk)
    : options_(options),
      tasks_(tasks),
      clients_(clients),
      workers_(workers),
      objects_(objects),
      placement_(placement),
      graphs_(graphs),
      worker_desk_(worker_desk) {}

Explanation InquiryDesk::explain(const TaskId& id) const {
  Explanation answer;
  answer.id = id;
  answer.workers_present = static_cast<std::uint32_t>(workers_.present());
  answer.reruns_max = options_.task_retries_max;
  const Index index = tasks_.find(id);
  if (index != none) {
    const Task& task = tasks_[index];
    answer.standing = standing_of(task.state);
    answer.client = clients_[task.client].identity;
    answer.function = objects_.name_of(tasks_[index].function);
    answer.asks_for = placement_.capabilities_of(task.label);
    answer.reruns = task.reruns;
    task.state == State::inactive ? explain_waiting(index, answer) : explain_held(index, answer);
  }
  graphs_.explain(id, answer);
  if (const Index owner = graphs_.owner_of(id); owner != none)
    answer.client = clients_[owner].identity;
  return answer;
}

// ---- waiting ----

void InquiryDesk::explain_waiting(Index index, Explanation& answer) const {
  answer.cause = look_for_worker(index, answer);
  count_ahead(index, answer);
}

Cause InquiryDesk::look_for_worker(Index index, Explanation& answer) const {
  const bool names_count = options_.allocation == Allocation::capability;
  const Names asked = names_count ? names_of(answer.asks_for) : Names{};
  Names lacking = asked;
  bool offered_together = false;
  bool has_room = false;
  for (const auto& [identity, at] : workers_.by_identity()) {
    const Worker& worker = workers_[at];
    if (worker.standing != WorkerStanding::present) continue;
    const Names offered = names_of(worker.capabilities);
    std::erase_if(lacking, [&](const std::string& name) {
      return std::binary_search(offered.begin(), offered.end(), name);
    });
    if (!std::includes(offered.begin(), offered.end(), asked.begin(), asked.end())) continue;
    offered_together = true;
    const bool is_leaving = worker.draining || worker.retiring_since;
    if (!worker.peer || is_leaving || worker.capacity == 0) continue;
    ++answer.workers_suitable;
    const bool full = worker.free_places() == 0;
    answer.workers_full += full;
    has_room = has_room || !full || tasks_[index].nested;
  }
  answer.missing = std::move(lacking);
  if (workers_.present() == 0) return Cause::no_workers;
  if (!answer.missing.empty()) return Cause::nobody_offers;
  if (!offered_together) return Cause::nobody_offers_all;
  if (answer.workers_suitable == 0) return Cause::nobody_takes_tasks;
  if (!has_room) return Cause::all_full;
  return worker_desk_.hands_back() ? Cause::hand_back : Cause::turn_is_near;
}

void InquiryDesk::count_ahead(Index index, Explanation& answer) const {
  std::unordered_map<Index, std::uint64_t> by_client;
  const auto count = [&](Index from) {
    for (Index at = from; at != none; at = PlacedTasks::previous_of(tasks_.pool(), at)) {
      if (answer.ahead == looked_at_max) {
        answer.ahead_is_exact = false;
        return;
      }
      ++answer.ahead;
      ++by_client[tasks_[at].client];
    }
  };
  count(PlacedTasks::previous_of(tasks_.pool(), index));
  count(placement_.nested_before(index));
  for (const auto& [client, number] : by_client) {
    if (number < answer.ahead_of_client) continue;
    const Bytes& identity = clients_[client].identity;
    if (number == answer.ahead_of_client && identity.text() > answer.ahead_client.text()) continue;
    answer.ahead_of_client = number;
    answer.ahead_client = identity;
  }
}

// ---- on a worker ----

void InquiryDesk::explain_held(Index index, Explanation& answer) const {
  const Task& task = tasks_[index];
  const Worker& worker = workers_[task.worker];
  answer.worker = worker.identity;
  answer.worker_is_away = !worker.peer;
  answer.worker_drains = worker.draining;
  answer.has_started = task.started;
  answer.processors = static_cast<std::uint32_t>(worker.last.processors.size());
  for (Index at = PlacedTasks::previous_of(tasks_.pool(), index);
       at != none && answer.before_it < looked_at_max;
       at = PlacedTasks::previous_of(tasks_.pool(), at))
    ++answer.before_it;
}

// ---- lists ----

TaskLine InquiryDesk::line_of(Index index) const {
  const Task& task = tasks_[index];
  TaskLine line{task.id,
                standing_of(task.state),
                clients_[task.client].identity,
                {},
                objects_.name_of(tasks_[index].function),
                placement_.capabilities_of(task.label)};
  if (task.worker != none) line.worker = workers_[task.worker].identity;
  return line;
}

TaskList InquiryDesk::list(const TaskFilter& filter) const {
  TaskList found;
  found.unfinished = tasks_.size();
  std::size_t looked_at = 0;
  const auto add_client = [&](Index client) {
    if (!holds(clients_[client].identity, filter.client)) return;
    for (Index at = clients_[client].tasks.head; at != none; at = tasks_[at].of_client.next) {
      const Task& task = tasks_[at];
      if (found.tasks.size() == filter.limit || ++looked_at > looked_at_max) {
        found.complete = false;
        return;
      }
      if (!fits_state(standing_of(task.state), filter.state)) continue;
      if (!filter.worker.empty() &&
          (task.worker == none || !holds(workers_[task.worker].identity, filter.worker)))
        continue;
      found.tasks.push_back(line_of(at));
    }
  };
  for (const auto& [identity, client] : clients_.by_identity()) add_client(client);
  for (const Index client : clients_.gone()) add_client(client);
  return found;
}

}  // namespace scaler::scheduler
