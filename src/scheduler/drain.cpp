#include <algorithm>

#include "scheduler/worker_desk.hpp"

// Taking a worker out of service without losing work.
namespace scaler::scheduler {

namespace {
constexpr std::size_t candidates_named_max = 10;
}

DrainAnswer WorkerDesk::drain(std::string_view text, Turn& turn) {
  DrainAnswer answer;
  Index found = none;
  for (const Index index : workers_.present_in_order()) {
    const std::string_view identity = workers_[index].identity.text();
    if (identity == text) {
      answer.candidates = {workers_[index].identity};
      found = index;
      break;
    }
    if (text.empty() || identity.find(text) == std::string_view::npos) continue;
    answer.candidates.push_back(workers_[index].identity);
    found = index;
  }
  if (answer.candidates.size() == 1) {
    answer.candidates.clear();
    drain_one(found, answer, turn);
    return answer;
  }
  answer.result = answer.candidates.empty() ? DrainResult::no_such_worker : DrainResult::several;
  if (answer.candidates.size() > candidates_named_max)
    answer.candidates.resize(candidates_named_max);
  return answer;
}

// What it may not have started is asked back; what it runs, it says so and keeps.
void WorkerDesk::drain_one(Index index, DrainAnswer& answer, Turn& turn) {
  Worker& worker = workers_[index];
  answer.worker = worker.identity;
  if (worker.draining) {
    answer.result = DrainResult::already;
    return;
  }
  worker.draining = true;
  placement_.leave(index);
  news_.note(turn.now, worker_name(worker.identity), "is drained");
  draining_.push_back(index);
  answer.result = worker.tasks.empty() ? DrainResult::idle : DrainResult::begun;
  answer.asked_back = flow_.ask_back_unstarted(index, turn);
}

void WorkerDesk::send_home_drained(Turn& turn) {
  std::erase_if(draining_, [&](Index index) {
    Worker& worker = workers_[index];
    if (!worker.draining || worker.standing != WorkerStanding::present) return true;
    if (!worker.tasks.empty()) return false;
    if (worker.peer)
      turn.out.push_back(
          Send{*worker.peer, wire::ClientDisconnect{wire::DisconnectType::shutdown}});
    news_.note(turn.now, worker_name(worker.identity), "is idle and goes");
    lose(index, TaskFlow::Blame::nobody, turn);
    return true;
  });
}

std::vector<Bytes> WorkerDesk::draining() const {
  std::vector<Bytes> identities;
  for (const Index index : draining_) identities.push_back(workers_[index].identity);
  return identities;
}

}  // namespace scaler::scheduler
