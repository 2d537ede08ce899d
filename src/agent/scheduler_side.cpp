#include <algorithm>

#include "agent/agent_state.hpp"
#include "scaler/base/log.hpp"

namespace scaler::agent {

namespace {

// The scheduler shows the first one that is not suspended as the worker's state.
bool listed_before(const Processor& a, const Processor& b) {
  const auto rank = [](const Processor& p) { return p.is<Busy>() ? 0 : p.is<Idle>() ? 1 : 2; };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  return a.is<Idle>() && a.last_use > b.last_use;
}

}  // namespace

void WorkerAgent::Impl::scheduler_message(wire::Message message, TimePoint now, Outbox& out) {
  if (auto* task = std::get_if<wire::Task>(&message)) {
    accept(std::move(*task), now, out);
  } else if (const auto* cancelled = std::get_if<wire::TaskCancel>(&message)) {
    cancel(*cancelled, now, out);
  } else if (const auto* answer = std::get_if<wire::WorkerHeartbeatEcho>(&message)) {
    echo(*answer, now, out);
  } else if (const auto* objects_said = std::get_if<wire::ObjectInstruction>(&message);
             objects_said && objects_said->type == wire::ObjectInstructionType::remove) {
    objects_deleted(objects_said->ids, now, out);
  } else if (const auto* goodbye = std::get_if<wire::ClientDisconnect>(&message);
             goodbye && goodbye->type == wire::DisconnectType::shutdown) {
    leave(0, "received client shutdown, quitting", true, out);
  } else if (std::holds_alternative<wire::DisconnectResponse>(message)) {
    leave(0, "the scheduler disconnected this worker, quitting", false, out);
  } else if (counters.unknown_messages++ == 0) {
    log::warning("ignored a {} from the scheduler, and every further one in silence",
                 wire::kind_name(message));
  }
}

void WorkerAgent::Impl::echo(const wire::WorkerHeartbeatEcho& said, TimePoint now, Outbox& out) {
  last_echo = now;
  if (unanswered_since) {
    latency = (now - *unanswered_since) / 2;
    next_heartbeat = std::max(now, *unanswered_since + options.heartbeat_interval);
    unanswered_since.reset();
  }
  learn_storage(said.object_storage, now, out);
}

// An address given by the operator wins over what the scheduler says. Else the newest word counts:
// a restarted scheduler may have another store.
void WorkerAgent::Impl::learn_storage(const wire::ObjectStorageAddress& said, TimePoint now,
                                      Outbox& out) {
  if (options.object_storage || said.host.empty() || said.port == 0) return;
  Address address = Address::told(said.scheme, said.host, said.port);
  if (storage == address) return;
  storage = address;
  connect_store(now, out);
}

void WorkerAgent::Impl::connect_store(TimePoint now, Outbox& out) {
  store_connected = false;
  store_missing_since = now;
  forget_held();
  objects.store_lost();
  out.push_back(ConnectStore{*storage});
}

// What the last connection did not bring to its end is said again; the answers to both are alike.
void WorkerAgent::Impl::send_to_store(TimePoint now, Outbox& out) {
  store_connected = true;
  store_missing_since.reset();
  for (const ObjectId& id : objects.list_to_ask()) ask_store(id, now, out);
  forget_held();
  for (auto at = uploads.begin(); at != uploads.end();) {
    if (!at->second.deleted) {
      send_result(at->first, at->second, out);
      ++at;
      continue;
    }
    out.push_back(RemoveObject{at->first});
    at = uploads.erase(at);
  }
}

wire::WorkerHeartbeat WorkerAgent::Impl::heartbeat(const Measures& measures) {
  wire::WorkerHeartbeat said;
  said.agent = measures.agent;
  said.rss_free_bytes = measures.rss_free_bytes;
  said.queue_size = options.task_queue_size;
  said.queued_tasks = static_cast<std::uint32_t>(queue.size() - suspended + parked);
  const auto latency_us = std::chrono::duration_cast<std::chrono::microseconds>(latency).count();
  said.latency_us = static_cast<std::uint32_t>(std::clamp<std::int64_t>(latency_us, 0, UINT32_MAX));
  said.capabilities = options.capabilities;
  said.manager_id = Bytes::copy_of(options.manager_id);

  std::vector<std::pair<ProcessorId, const Processor*>> listed;
  for (const auto& [id, processor] : processors)
    if (!processor.is<Starting>() && !processor.is<Dying>()) listed.emplace_back(id, &processor);
  std::stable_sort(listed.begin(), listed.end(), [](const auto& a, const auto& b) {
    return listed_before(*a.second, *b.second);
  });
  for (const auto& [id, processor] : listed) {
    wire::ProcessorStatus status;
    status.pid = processor->pid;
    status.initialized = true;
    status.has_task = processor->task().has_value();
    status.suspended = processor->is<Stopped>();
    for (const auto& [measured, resource] : measures.processors)
      if (measured == id) status.resource = resource;
    said.processors.push_back(status);
  }
  return said;
}

void WorkerAgent::Impl::note_memory(const Measures& measures) {
  for (const auto& [id, resource] : measures.processors) {
    const Processor* processor = find_processor(id);
    if (!processor || !processor->task()) continue;
    AgentTask& task = tasks.at(*processor->task());
    if (!task.rss_first) task.rss_first = resource.rss_bytes;
    task.rss_most = std::max(task.rss_most, resource.rss_bytes);
  }
}

void WorkerAgent::Impl::leave(int exit_code, std::string reason, bool say_goodbye, Outbox& out) {
  if (std::exchange(left, true)) return;
  announce_stored(out);
  log::at(exit_code == 0 ? log::Level::info : log::Level::error, "{}", reason);
  for (auto& [id, processor] : processors)
    if (!processor.is<Dying>()) kill(id, "quit", out);
  if (say_goodbye)
    out.push_back(ToScheduler{wire::DisconnectRequest{Bytes::copy_of(options.worker_id)}});
  out.push_back(Leave{exit_code, std::move(reason)});
}

void WorkerAgent::Impl::check_timeouts(TimePoint now, Outbox& out) {
  if (now >= last_echo + options.death_timeout) {
    leave(0, "timeout when connect to scheduler, quitting", true, out);
  } else if (store_missing_since && now >= *store_missing_since + options.death_timeout) {
    leave(0, "timeout when connect to object storage, quitting", true, out);
  } else {
    time_out_running(now, out);
    give_up_expired(now, out);
  }
}

std::optional<TimePoint> WorkerAgent::Impl::next_deadline() const {
  if (left) return std::nullopt;
  TimePoint next = last_echo + options.death_timeout;
  const auto also = [&](std::optional<TimePoint> deadline) {
    if (deadline) next = std::min(next, *deadline);
  };
  if (connected) also(next_heartbeat);
  if (store_missing_since) also(*store_missing_since + options.death_timeout);
  also(task_deadline());
  if (!held.empty()) also(held_since + hold_patience);
  if (const auto first = objects.first_to_expire()) also(first->first);
  if (!running && available() == 0) also(start_after);
  if (!running && !queue.empty() && warmest_idle() && !uploads_full()) {
    const AgentTask& head = tasks.at(queue.begin()->second);
    if (head.held_up_since) also(*head.held_up_since + head_patience);
  }
  return next;
}

}  // namespace scaler::agent
