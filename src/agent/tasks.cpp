#include <algorithm>
#include <unordered_set>

#include "agent/agent_state.hpp"
#include "scaler/base/log.hpp"

namespace scaler::agent {

namespace {

// Each object once, in the order in which the processor wants them.
std::vector<ObjectId> needs_of(const wire::Task& said) {
  std::vector<ObjectId> needs{serializer_id_of(said.source)};
  std::unordered_set<ObjectId> seen{needs.front()};
  const auto add = [&](const ObjectId& id) {
    if (seen.insert(id).second) needs.push_back(id);
  };
  add(said.function);
  for (const wire::Argument& argument : said.arguments) add(std::get<ObjectId>(argument));
  return needs;
}

bool is_owned_by(const Bytes& client, const ObjectId& id) {
  const auto owner = owner_hash_of(client);
  return std::equal(owner.begin(), owner.end(), id.bytes.begin());
}

bool all_objects(const std::vector<wire::Argument>& arguments) {
  return std::all_of(arguments.begin(), arguments.end(), [](const wire::Argument& argument) {
    return std::holds_alternative<ObjectId>(argument);
  });
}

}  // namespace

void WorkerAgent::Impl::accept(wire::Task said, TimePoint now, Outbox& out) {
  if (tasks.contains(said.id) || uploading.contains(said.id)) {
    ++counters.duplicate_tasks;
    return;
  }
  const TaskId id = said.id;
  const auto flags = wire::decode_task_flags(said.metadata);
  const bool well_formed = flags && all_objects(said.arguments);
  AgentTask& task = tasks[id];
  task.said = std::move(said);
  task.flags = flags.value_or(wire::TaskFlags{});
  auto& result_id = task.said.carried.result_id;
  if (result_id &&
      (!is_owned_by(task.said.source, *result_id) || !to_come.insert(*result_id).second))
    result_id.reset();
  if (well_formed) task.needs = needs_of(task.said);
  for (const ObjectId& object : task.needs) objects.need(object);
  if (well_formed) take_copies(task);
  if (!recent.empty())
    for (const ObjectId& object : task.needs)
      if (const Bytes* payload = recent.find(object))
        objects.offer(object, *payload, Retain::until_given);
  const TaskQueue::Key key = queue.push(id, task.flags.priority, false);
  task.state = Queued{key};
  if (window_scanned && key < *window_scanned) window_scanned.reset();
  if (!flags)
    fail(id, builtins, "ValueError",
         "task metadata must be empty, or 6 bytes with a priority of 0 or more", now, out);
  else if (!well_formed)
    fail(id, builtins, "ValueError", "a task sent to a worker may only name objects", now, out);
}

// Only of objects that are the task's owner's own: nobody else's are taken on its word.
void WorkerAgent::Impl::take_copies(AgentTask& task) {
  std::vector<Bytes>& copies = task.said.carried.copies;
  if (copies.empty()) return;
  const auto take = [&](const ObjectId& id, Bytes& copy, Retain retain) {
    if (!copy.empty() && is_owned_by(task.said.source, id))
      objects.offer(id, std::move(copy), retain);
  };
  if (!copies.front().empty())  // kept for longer than the rest of its frame
    copies.front() = Bytes::copy_of(copies.front().view());
  take(task.said.function, copies.front(), Retain::kept);
  for (std::size_t at = 1; at < copies.size() && at <= task.said.arguments.size(); ++at)
    take(std::get<ObjectId>(task.said.arguments[at - 1]), copies[at], Retain::until_given);
  copies.clear();
}

AgentTask WorkerAgent::Impl::take_task(const TaskId& id, Outbox& out) {
  const auto found = tasks.find(id);
  SCALER_ASSERT(found != tasks.end(), "a task that is not here");
  AgentTask task = std::move(found->second);
  tasks.erase(found);
  if (const auto* queued = std::get_if<Queued>(&task.state)) {
    queue.erase(queued->key);
    if (task.in_window) --window;
  } else if (const auto* stopped = std::get_if<Suspended>(&task.state)) {
    queue.erase(stopped->key);
    --suspended;
  } else if (std::holds_alternative<Parked>(task.state)) {
    --parked;
  } else {
    running.reset();
  }
  if (task.said.carried.result_id) to_come.erase(*task.said.carried.result_id);
  release_needs(task, out);
  return task;
}

void WorkerAgent::Impl::cancel(const wire::TaskCancel& said, TimePoint now, Outbox& out) {
  using wire::CancelConfirmType;
  announce_stored(out);  // no result follows the word that its task is not here
  const auto confirm = [&](CancelConfirmType type) {
    out.push_back(ToScheduler{wire::TaskCancelConfirm{said.id, type}});
  };
  if (const auto upload = uploading.find(said.id); upload != uploading.end()) {
    Upload& late = uploads.at(upload->second);
    if (!said.force) return confirm(CancelConfirmType::cancel_failed);
    confirm(late.canceled ? CancelConfirmType::cancel_not_found : CancelConfirmType::canceled);
    late.canceled = true;
    return;
  }
  const auto found = tasks.find(said.id);
  if (found == tasks.end()) return confirm(CancelConfirmType::cancel_not_found);
  const AgentTask& task = found->second;
  const auto* busy = std::get_if<Running>(&task.state);
  const auto* stopped = std::get_if<Suspended>(&task.state);
  if ((busy || stopped) && !said.force) return confirm(CancelConfirmType::cancel_failed);
  if (busy) kill(busy->processor, "cancel task_id=" + said.id.hex(), out);
  if (stopped) kill(stopped->processor, "cancel suspended task_id=" + said.id.hex(), out);
  const AgentTask gone = take_task(said.id, out);
  result_will_not_come(gone.said, now, out);
  confirm(CancelConfirmType::canceled);
}

void WorkerAgent::Impl::pump(TimePoint now, Outbox& out) {
  while (!left) {
    fetch_ahead(now, out);
    if (queue.empty()) break;
    AgentTask& head = tasks.at(queue.begin()->second);
    if (running && !preempt(head, now, out)) break;
    if (std::holds_alternative<Suspended>(head.state)) {
      resume(head, now, out);
      continue;
    }
    ensure_available(now, out);
    const auto idle = warmest_idle();
    if (!idle || uploads_full()) break;
    const std::vector<ObjectId> missing = fetch_missing(head, now, out);
    if (missing.empty()) {
      start_task(head, *idle, now, out);
      continue;
    }
    if (!head.held_up_since) head.held_up_since = now;
    if (now < *head.held_up_since + head_patience) break;
    park(head, missing);
  }
  if (!left && !running) ensure_available(now, out);
  upload_held(now, out);
}

// True: nothing runs any more, because the head of the queue is more urgent.
bool WorkerAgent::Impl::preempt(AgentTask& head, TimePoint now, Outbox& out) {
  const AgentTask& current = tasks.at(*running);
  if (head.flags.priority <= current.flags.priority) return false;
  suspend_running(now, out);
  return true;
}

void WorkerAgent::Impl::start_task(AgentTask& task, ProcessorId id, TimePoint now, Outbox& out) {
  const TaskQueue::Key key = std::get<Queued>(task.state).key;
  queue.erase(key);
  if (std::exchange(task.in_window, false)) --window;
  task.state = Running{id, key};
  task.held_up_since.reset();
  task.given_at = task.active_since = now;
  running = task.said.id;
  Processor& processor = processors.at(id);
  processor.state = Busy{task.said.id};
  processor.last_use = ++uses;
  give_objects(task, id, out);

  RunTask run{task.said.id,        task.said.source,
              task.flags.priority, task.flags.stream_output,
              task.said.function,  {}};
  run.arguments.reserve(task.said.arguments.size());
  for (const wire::Argument& argument : task.said.arguments)
    run.arguments.push_back(std::get<ObjectId>(argument));
  out.push_back(TellProcessor{id, std::move(run)});
}

void WorkerAgent::Impl::take_back(const TaskId& id) {
  AgentTask& task = tasks.at(id);
  if (const auto* stopped = std::get_if<Suspended>(&task.state)) {
    queue.erase(stopped->key);
    --suspended;
    task.state = Queued{queue.push(id, task.flags.priority, false)};
  } else {
    const TaskQueue::Key key = std::get<Running>(task.state).key;
    queue.put_back(id, key);
    task.state = Queued{key};
    running.reset();
  }
  refetch_window();
}

void WorkerAgent::Impl::suspend_running(TimePoint now, Outbox& out) {
  AgentTask& task = tasks.at(*running);
  const ProcessorId id = std::get<Running>(task.state).processor;
  const TaskQueue::Key key = queue.push(*running, task.flags.priority, true);
  task.state = Suspended{id, key};
  task.active_before += now - task.active_since;
  ++suspended;
  running.reset();
  Processor& processor = processors.at(id);
  processor.state = Stopped{task.said.id};
  log::info("suspend Processor[{}]", processor.pid);
  out.push_back(SuspendProcessor{id, options.hard_suspend});
  refetch_window();  // another processor runs what comes next
}

void WorkerAgent::Impl::resume(AgentTask& task, TimePoint now, Outbox& out) {
  const Suspended stopped = std::get<Suspended>(task.state);
  queue.erase(stopped.key);
  --suspended;
  task.state = Running{stopped.processor, stopped.key};
  task.active_since = now;
  running = task.said.id;
  Processor& processor = processors.at(stopped.processor);
  processor.state = Busy{task.said.id};
  processor.last_use = ++uses;
  log::info("resume Processor[{}]", processor.pid);
  out.push_back(ResumeProcessor{stopped.processor, options.hard_suspend});
  trim_available(out);
  refetch_window();
}

std::optional<TimePoint> WorkerAgent::Impl::task_deadline() const {
  if (!running || options.task_timeout <= Duration::zero()) return std::nullopt;
  const AgentTask& task = tasks.at(*running);
  return task.active_since + (options.task_timeout - task.active_before);
}

void WorkerAgent::Impl::time_out_running(TimePoint now, Outbox& out) {
  const auto deadline = task_deadline();
  if (!deadline || now < *deadline) return;
  const TaskId id = *running;
  kill(std::get<Running>(tasks.at(id).state).processor, "timeout task_id=" + id.hex(), out);
  const auto seconds = std::chrono::duration<double>(options.task_timeout).count();
  fail(id, builtins, "TimeoutError",
       fmt::format("the task ran longer than task_timeout_seconds={:g}", seconds), now, out);
}

}  // namespace scaler::agent
