#include "scheduler/balancer.hpp"

#include <algorithm>
#include <set>

namespace scaler::scheduler {

namespace {

// One worker as the balancer sees it.
struct Side {
  Index worker = none;
  std::int64_t tasks = 0;    // that stay with it, as things are going
  std::int64_t leaving = 0;  // that are expected back
  std::int64_t gives = 0;
  bool can_take = false;
};

bool is_movable(const Task& task) {
  return task.state == State::running && !task.started && !task.nested && !task.ahead &&
         !task.leads;
}

// A worker that does not answer for this long is not counted on.
constexpr Duration answer_expected_within = 5s;

// Connected workers in order of registration, without those that are about to be stopped.
std::vector<Side> sides_of(const WorkerTable& workers, TimePoint now) {
  std::vector<Side> sides;
  for (const Index index : workers.present_in_order()) {
    const Worker& worker = workers[index];
    if (!worker.peer || worker.retiring_since) continue;
    const bool answers = now - worker.asked_back_at <= answer_expected_within;
    sides.push_back({index, std::int64_t{worker.load()} - worker.leaving_tasks,
                     answers ? worker.leaving_tasks : 0, 0, worker.capacity > 0});
  }
  return sides;
}

std::int64_t on_their_way(const std::vector<Side>& sides) {
  std::int64_t leaving = 0;
  for (const Side& side : sides) leaving += side.leaving;
  return leaving;
}

std::int64_t idle_among(const std::vector<Side>& sides) {
  return std::count_if(sides.begin(), sides.end(),
                       [](const Side& side) { return side.tasks == 0 && side.can_take; });
}

std::int64_t queued_on(const Side& side) { return std::max<std::int64_t>(0, side.tasks - 1); }

// The last `count` movable tasks, oldest first.
std::vector<TaskId> youngest(const TaskTable& tasks, const Worker& worker, std::int64_t count) {
  std::vector<TaskId> ids;
  for (Index at = worker.tasks.tail; at != none && std::ssize(ids) < count;
       at = PlacedTasks::previous_of(tasks.pool(), at))
    if (is_movable(tasks[at])) ids.push_back(tasks[at].id);
  std::reverse(ids.begin(), ids.end());
  return ids;
}

Advice even_load(std::vector<Side> sides, const TaskTable& tasks, const WorkerTable& workers) {
  const std::int64_t leaving = on_their_way(sides);
  const std::int64_t idle = idle_among(sides) - leaving;
  std::int64_t queued = 0;
  for (const Side& side : sides) queued += queued_on(side);
  if (idle <= 0 || queued == 0) return {};

  const auto count = std::ssize(sides);
  const std::int64_t mean = (queued + leaving + count - 1) / count;
  const std::int64_t need = std::min(idle, queued);
  std::int64_t given = 0;
  for (Side& side : sides) given += side.gives = std::max<std::int64_t>(0, queued_on(side) - mean);
  for (Side& side : sides) {
    if (given >= need) break;
    const std::int64_t more = std::min(queued_on(side) - side.gives, need - given);
    side.gives += more;
    given += more;
  }
  Advice advice;
  for (const Side& side : sides) {
    auto ids = youngest(tasks, workers[side.worker], side.gives);
    if (!ids.empty()) advice.push_back({side.worker, std::move(ids)});
  }
  return advice;
}

class CapabilityBalance {
 public:
  CapabilityBalance(std::vector<Side> sides, const TaskTable& tasks, const WorkerTable& workers,
                    const Placement& placement)
      : sides_(std::move(sides)), tasks_(tasks), workers_(workers), placement_(placement) {}

  Advice run() {
    if (idle_among(sides_) == 0) return {};
    place_returning();
    double total = 0;
    for (const Side& side : sides_) total += static_cast<double>(side.tasks);
    target_ = std::max(total / static_cast<double>(sides_.size()), 1.0);
    for (std::size_t at = 0; at < sides_.size(); ++at) {
      names_.push_back(names_of(workers_[sides_[at].worker].capabilities));
      cursors_.push_back(workers_[sides_[at].worker].tasks.tail);
      by_tasks_.insert({sides_[at].tasks, at});
    }
    moves_.resize(sides_.size());
    while (!by_tasks_.empty() && give_one(std::prev(by_tasks_.end())->second)) {
    }
    return advice();
  }

 private:
  // What is on its way back will go to the emptiest workers.
  void place_returning() {
    for (std::int64_t left = on_their_way(sides_); left > 0; --left) {
      auto least = std::min_element(sides_.begin(), sides_.end(), [](const auto& a, const auto& b) {
        return std::pair(!a.can_take, a.tasks) < std::pair(!b.can_take, b.tasks);
      });
      ++least->tasks;
    }
  }

  // One task from the fullest worker; false when the fullest is full enough.
  bool give_one(std::size_t from) {
    if (static_cast<double>(sides_[from].tasks) - target_ < 1) return false;
    Index& cursor = cursors_[from];
    for (; cursor != none; cursor = PlacedTasks::previous_of(tasks_.pool(), cursor)) {
      const Task& task = tasks_[cursor];
      if (!is_movable(task)) continue;
      const auto to = receiver_of(names_of(placement_.capabilities_of(task.label)), from);
      if (to == sides_.size()) continue;
      moves_[from].push_back(task.id);
      cursor = PlacedTasks::previous_of(tasks_.pool(), cursor);
      change(from, -1);
      change(to, +1);
      return true;
    }
    by_tasks_.erase({sides_[from].tasks, from});  // it has nothing that fits anywhere
    return true;
  }

  std::size_t receiver_of(const Names& required, std::size_t from) const {
    for (const auto& [tasks, at] : by_tasks_) {
      if (static_cast<double>(tasks) >= target_) break;
      if (at == from || !sides_[at].can_take) continue;
      if (std::includes(names_[at].begin(), names_[at].end(), required.begin(), required.end()))
        return at;
    }
    return sides_.size();
  }

  void change(std::size_t at, std::int64_t by) {
    by_tasks_.erase({sides_[at].tasks, at});
    sides_[at].tasks += by;
    by_tasks_.insert({sides_[at].tasks, at});
  }

  Advice advice() {
    Advice advice;
    for (std::size_t at = 0; at < sides_.size(); ++at) {
      if (moves_[at].empty()) continue;
      std::reverse(moves_[at].begin(), moves_[at].end());
      advice.push_back({sides_[at].worker, std::move(moves_[at])});
    }
    return advice;
  }

  std::vector<Side> sides_;
  const TaskTable& tasks_;
  const WorkerTable& workers_;
  const Placement& placement_;
  double target_ = 1;
  std::vector<Names> names_;
  std::vector<Index> cursors_;  // per worker: the youngest task not looked at
  std::vector<std::vector<TaskId>> moves_;
  std::set<std::pair<std::int64_t, std::size_t>> by_tasks_;
};

}  // namespace

Advice advise(Allocation allocation, const TaskTable& tasks, const WorkerTable& workers,
              const Placement& placement, TimePoint now) {
  auto sides = sides_of(workers, now);
  if (allocation == Allocation::even_load) return even_load(std::move(sides), tasks, workers);
  return CapabilityBalance(std::move(sides), tasks, workers, placement).run();
}

bool AdviceGate::passes(const Advice& advice) {
  std::vector<Index> givers;
  for (const Move& move : advice) givers.push_back(move.worker);
  if (givers.empty() || givers != last_givers_) {
    last_givers_ = std::move(givers);
    seen_ = 0;
  }
  if (advice.empty() || ++seen_ < times_) return false;
  last_givers_.clear();
  seen_ = 0;
  return true;
}

}  // namespace scaler::scheduler
