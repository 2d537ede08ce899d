#include <algorithm>

#include "agent/agent_state.hpp"
#include "scaler/base/log.hpp"

namespace scaler::agent {

std::optional<ProcessorId> WorkerAgent::Impl::serving() const {
  if (running) return std::get<Running>(tasks.at(*running).state).processor;
  return warmest_idle();
}

// Asks for the objects of the tasks that come next, as far as the memory set aside for it reaches.
// Of a long queue half a window is asked for at once: one message each would wake the store each
// time.
void WorkerAgent::Impl::fetch_ahead(TimePoint now, Outbox& out) {
  if (window_scanned && window > window_tasks_max / 2) return;
  const auto& entries = queue.entries();
  auto at = window_scanned ? entries.upper_bound(*window_scanned) : entries.begin();
  for (; at != entries.end() && window < window_tasks_max; ++at) {
    const std::uint64_t on_their_way = objects.fetches() * objects.expected_bytes();
    if (window > 0 && objects.needed_bytes() + on_their_way >= options.prefetch_bytes_max) return;
    window_scanned = at->first;
    AgentTask& task = tasks.at(at->second);
    if (task.in_window || std::holds_alternative<Suspended>(task.state)) continue;
    task.in_window = true;
    ++window;
    fetch_missing(task, now, out);
  }
}

// Another processor than expected will run what comes next, and it knows other objects.
void WorkerAgent::Impl::refetch_window() {
  window_scanned.reset();
  for (auto at = queue.begin(); at != queue.end() && window > 0; ++at)
    if (std::exchange(tasks.at(at->second).in_window, false)) --window;
}

std::vector<ObjectId> WorkerAgent::Impl::fetch_missing(AgentTask& task, TimePoint now,
                                                       Outbox& out) {
  const auto id = serving();
  const Processor* processor = id ? &processors.at(*id) : nullptr;
  const ObjectId serializer = task.needs.front();
  std::vector<ObjectId> missing;
  for (const ObjectId& object : task.needs) {
    if ((processor && processor->known.contains(object)) || objects.find(object)) continue;
    missing.push_back(object);
    if (to_come.contains(object)) continue;
    const bool kept = object == serializer || object == task.said.function;
    fetch(object, kept ? Retain::kept : Retain::until_given, now, out);
  }
  return missing;
}

void WorkerAgent::Impl::fetch(const ObjectId& id, Retain retain, TimePoint now, Outbox& out) {
  if (objects.fetch(id, retain) && store_connected) ask_store(id, now, out);
}

void WorkerAgent::Impl::ask_store(const ObjectId& id, TimePoint now, Outbox& out) {
  objects.asked(id, now + options.death_timeout);
  out.push_back(GetObject{id});
}

void WorkerAgent::Impl::park(AgentTask& task, const std::vector<ObjectId>& missing) {
  const TaskQueue::Key key = std::get<Queued>(task.state).key;
  queue.erase(key);
  if (std::exchange(task.in_window, false)) --window;
  task.held_up_since.reset();
  task.state = Parked{key};
  ++parked;
  for (const ObjectId& object : missing) objects.wait_for(object, task.said.id);
  log::warning("task_id={} waits for object {}, which the object storage does not give",
               task.said.id.hex(), missing.front().hex());
}

void WorkerAgent::Impl::unpark(const std::vector<TaskId>& ids, TimePoint now, Outbox& out) {
  for (const TaskId& id : ids) {
    const auto found = tasks.find(id);
    if (found == tasks.end() || !std::holds_alternative<Parked>(found->second.state)) continue;
    AgentTask& task = found->second;
    const std::vector<ObjectId> missing = fetch_missing(task, now, out);
    for (const ObjectId& object : missing) objects.wait_for(object, id);
    if (!missing.empty()) continue;
    const TaskQueue::Key key = std::get<Parked>(task.state).key;
    --parked;
    queue.put_back(id, key);
    task.state = Queued{key};
    if (window_scanned && key < *window_scanned) window_scanned.reset();
  }
}

void WorkerAgent::Impl::object_arrived(const ObjectId& id, Bytes payload, TimePoint now,
                                       Outbox& out) {
  if (!objects.arrived(id, std::move(payload))) {
    ++counters.unwanted_objects;
    return;
  }
  unpark(objects.take_waiting(id), now, out);
}

// Everything the task needs is known to the processor afterwards; each task's objects are given in
// the order serializer, function, arguments.
void WorkerAgent::Impl::give_objects(const AgentTask& task, ProcessorId id, Outbox& out) {
  KnownObjects& known = processors.at(id).known;
  const ObjectId serializer = task.needs.front();
  for (const ObjectId& object : task.needs) {
    if (known.contains(object)) {
      known.touch(object);
      continue;
    }
    const Bytes* here = objects.find(object);
    SCALER_ASSERT(here, "a task starts without an object");
    if (object == serializer) {
      out.push_back(TellProcessor{id, GiveSerializer{task.said.source, *here}});
      known.add_serializer(object);
    } else {
      out.push_back(TellProcessor{id, GiveObject{object, *here}});
      known.add(object, here->size());
    }
    objects.given(object);
  }
  std::vector<ObjectId> forgotten =
      known.trim(options.processor_cache_bytes_max, known_objects_max, task.needs.size() - 1);
  if (!forgotten.empty()) out.push_back(TellProcessor{id, ForgetObjects{std::move(forgotten)}});
}

void WorkerAgent::Impl::forget(const std::vector<ObjectId>& ids, Outbox& out) {
  if (ids.empty()) return;
  for (auto& [id, processor] : processors) {
    if (processor.is<Dying>()) continue;
    std::vector<ObjectId> known;
    for (const ObjectId& object : ids)
      if (processor.known.erase(object)) known.push_back(object);
    if (!known.empty()) out.push_back(TellProcessor{id, ForgetObjects{std::move(known)}});
  }
}

// An object that a task here still needs is forgotten when the last such task has ended: its
// owner's word comes too late for them, and the store has nothing to give them again.
void WorkerAgent::Impl::objects_deleted(const std::vector<ObjectId>& ids, TimePoint now,
                                        Outbox& out) {
  std::vector<ObjectId> unneeded;
  for (const ObjectId& id : ids) {
    if (objects.deleted(id, now + deleted_patience)) unneeded.push_back(id);
    if (!uploads.empty()) result_deleted(id, out);
    if (!recent.empty()) recent.erase(id);
  }
  forget(unneeded, out);
}

void WorkerAgent::Impl::release_needs(const AgentTask& task, Outbox& out) {
  std::vector<ObjectId> deleted;
  for (const ObjectId& object : task.needs)
    if (objects.release(object)) deleted.push_back(object);
  forget(deleted, out);
}

// A task here made what others here take.
void WorkerAgent::Impl::result_is_here(const ObjectId& id, const Bytes& payload, TimePoint now,
                                       Outbox& out) {
  if (objects.needs_of(id) == 0) return;
  objects.offer(id, payload, Retain::until_given);
  unpark(objects.take_waiting(id), now, out);
}

// Not from here: those that take it ask the store, where another worker's will be.
void WorkerAgent::Impl::result_will_not_come(const wire::Task& said, TimePoint now, Outbox& out) {
  const auto& id = said.carried.result_id;
  if (!id || objects.needs_of(*id) == 0) return;
  refetch_window();
  unpark(objects.take_waiting(*id), now, out);
}

void WorkerAgent::Impl::give_up_expired(TimePoint now, Outbox& out) {
  for (auto first = objects.first_to_expire(); first && first->first <= now;
       first = objects.first_to_expire()) {
    const ObjectId lost = first->second;
    objects.give_up(lost);
    std::vector<TaskId> without;
    for (const auto& [id, task] : tasks) {
      if (!std::holds_alternative<Queued>(task.state) &&
          !std::holds_alternative<Parked>(task.state))
        continue;
      if (std::find(task.needs.begin(), task.needs.end(), lost) != task.needs.end())
        without.push_back(id);
    }
    std::sort(without.begin(), without.end());
    for (const TaskId& id : without)
      fail(id, builtins, "LookupError",
           "object " + lost.hex() + " cannot be had: the object storage did not give it", now, out);
  }
}

}  // namespace scaler::agent
