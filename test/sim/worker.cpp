#include <algorithm>

#include "sim/actors.hpp"

namespace scaler::sim {

Worker::Worker(Cluster& cluster, std::string identity, std::uint32_t slots, bool has_gpu)
    : Node(cluster.network, std::move(identity)),
      cluster_(cluster),
      slots_(slots),
      has_gpu_(has_gpu),
      names_results_(cluster.network.chance(70)) {
  beat_later();
}

void Worker::on_connected() { beat(); }

void Worker::beat_later() {
  after(2s, [this] {
    if (!hanging_ && is_connected()) beat();
    beat_later();
  });
}

void Worker::beat() {
  wire::WorkerHeartbeat heartbeat;
  heartbeat.queue_size = slots_;
  heartbeat.queued_tasks = static_cast<std::uint32_t>(queue_.size());
  if (has_gpu_) heartbeat.capabilities.push_back({"gpu", -1});
  say(heartbeat);
}

void Worker::leave() { say(wire::DisconnectRequest{identity()}); }

void Worker::hang(Duration while_) {
  hanging_ = true;
  after(while_, [this] {
    hanging_ = false;
    for (auto& message : std::exchange(unheard_, {})) on_message(std::move(message));
    start_next();
  });
}

void Worker::look_again() {
  if (is_alive()) start_next();
}

void Worker::on_message(wire::Message message) {
  if (hanging_) return unheard_.push_back(std::move(message));
  if (auto* task = std::get_if<wire::Task>(&message)) {
    const auto is_it = [&](const auto& other) { return other.id == task->id; };
    const auto queued = std::find_if(queue_.begin(), queue_.end(), is_it);
    const bool runs =
        std::any_of(running_.begin(), running_.end(), [&](auto& r) { return is_it(r.task); });
    if (queued != queue_.end())
      *queued = std::move(*task);
    else if (!runs)
      queue_.push_back(std::move(*task));
    start_next();
  } else if (auto* cancel = std::get_if<wire::TaskCancel>(&message)) {
    on_cancel(*cancel);
  } else if (std::holds_alternative<wire::DisconnectResponse>(message)) {
    kill();
  }
}

void Worker::on_cancel(const wire::TaskCancel& cancel) {
  const auto answer = [&](wire::CancelConfirmType type) {
    say(wire::TaskCancelConfirm{cancel.id, type});
  };
  const auto queued = std::find_if(queue_.begin(), queue_.end(),
                                   [&](const auto& task) { return task.id == cancel.id; });
  if (queued != queue_.end()) {
    queue_.erase(queued);
    return answer(wire::CancelConfirmType::canceled);
  }
  const auto runs = std::find_if(running_.begin(), running_.end(),
                                 [&](const auto& run) { return run.task.id == cancel.id; });
  if (runs == running_.end()) return answer(wire::CancelConfirmType::cancel_not_found);
  if (!cancel.force) return answer(wire::CancelConfirmType::cancel_failed);
  running_.erase(runs);
  answer(wire::CancelConfirmType::canceled);
  start_next();
}

std::int32_t Worker::priority_of(const wire::Task& task) {
  return wire::decode_task_flags(task.metadata)->priority;
}

void Worker::start_next() {
  if (hanging_) return;
  auto best = queue_.end();
  for (auto at = queue_.begin(); at != queue_.end(); ++at)
    if (network_.has_all_of(*at) && (best == queue_.end() || priority_of(*best) < priority_of(*at)))
      best = at;
  if (best == queue_.end()) return;
  if (!running_.empty()) {
    if (!running_.back().waits_for_children) return;
    if (priority_of(*best) <= priority_of(running_.back().task)) return;
  }
  wire::Task task = std::move(*best);
  queue_.erase(best);
  start(std::move(task));
}

// What it brings along is what it names.
void Worker::check_copies(const wire::Task& task) {
  for (std::size_t at = 0; at < task.carried.copies.size(); ++at) {
    const Bytes& copy = task.carried.copies[at];
    if (copy.empty()) continue;
    const ObjectId id = at == 0 ? task.function : std::get<ObjectId>(task.arguments.at(at - 1));
    SCALER_ASSERT(copy == copy_of(id), "a copy of another object");
  }
}

void Worker::start(wire::Task task) {
  check_copies(task);
  const TaskId id = task.id;
  // One that the scheduler no longer knows, or has given to somebody else, may find nothing; nor
  // may an old copy of one that was said again.
  if (network_.core.explain(id).worker == identity() && network_.is_latest(task))
    network_.check_objects(task);
  const std::int32_t priority = priority_of(task);
  running_.push_back({std::move(task), false});
  Network& network = network_;
  if (priority < 2 && network.chance(8)) {
    running_.back().waits_for_children = true;
    Client& child = cluster_.add_client(priority + 1);
    child.when_content = [this, id, &child] {
      if (is_alive()) finish(id);
      child.leave();
    };
    child.submit_some(1 + static_cast<unsigned>(network.random.below(3)));
    return start_next();
  }
  const Duration takes =
      network.chance(3) ? network.random_delay(2s, 12s) : network.random_delay(1ms, 300ms);
  after(takes, [this, id] { finish(id); });
}

void Worker::finish(const TaskId& id) {
  if (hanging_) return after(1s, [this, id] { finish(id); });
  const auto runs = std::find_if(running_.begin(), running_.end(),
                                 [&](const auto& run) { return run.task.id == id; });
  if (runs == running_.end()) return;  // killed meanwhile
  const auto type =
      network_.chance(5) ? wire::TaskResultType::failed : wire::TaskResultType::success;
  const auto& told = runs->task.carried.result_id;
  const bool is_as_told = told && names_results_ && type == wire::TaskResultType::success;
  const ObjectId object = is_as_told ? *told : network_.new_object_id();
  say(wire::ObjectInstruction{wire::ObjectInstructionType::create,
                              runs->task.source,
                              {object},
                              {wire::ObjectContentType::object},
                              {Bytes{}}});
  wire::TaskResult result{id, type, Bytes::copy_of("0123456789abcdef"), {object}};
  if (runs->task.carried.result_bytes_max > 0 && network_.chance(80))
    result.carried.copies = {copy_of(object)};
  say(std::move(result));
  running_.erase(runs);
  network_.store(object);
  start_next();
}

}  // namespace scaler::sim
