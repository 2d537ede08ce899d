#include "agent/agent_state.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::agent {

namespace {

// Whether `processor` is in `State` with exactly this task.
template <class State>
bool holds(const std::map<ProcessorId, Processor>& processors, ProcessorId id, const TaskId& task) {
  const auto found = processors.find(id);
  return found != processors.end() && found->second.is<State>() && found->second.task() == task;
}

}  // namespace

void WorkerAgent::check_invariants() const {
  const Impl& agent = *impl_;
  if (agent.left) return;
  std::size_t queued = 0, suspended = 0, parked = 0, running = 0, window = 0;
  std::unordered_map<ObjectId, std::uint32_t> needs;
  for (const auto& [id, task] : agent.tasks) {
    SCALER_ASSERT(id == task.said.id, "a task under another's name");
    SCALER_ASSERT(!agent.uploading.contains(id), "a task that ended is still here");
    for (const ObjectId& object : task.needs) ++needs[object];
    window += task.in_window ? 1 : 0;
    if (const auto* q = std::get_if<Queued>(&task.state)) {
      ++queued;
      const auto entry = agent.queue.entries().find(q->key);
      SCALER_ASSERT(entry != agent.queue.end() && entry->second == id, "queued, not in the queue");
    } else if (const auto* s = std::get_if<Suspended>(&task.state)) {
      ++suspended;
      const auto entry = agent.queue.entries().find(s->key);
      SCALER_ASSERT(entry != agent.queue.end() && entry->second == id, "suspended, not queued");
      SCALER_ASSERT(holds<Stopped>(agent.processors, s->processor, id), "suspended where?");
    } else if (const auto* r = std::get_if<Running>(&task.state)) {
      ++running;
      SCALER_ASSERT(agent.running == id, "two tasks run");
      SCALER_ASSERT(holds<Busy>(agent.processors, r->processor, id), "running where?");
    } else {
      ++parked;
    }
    SCALER_ASSERT(!task.in_window || std::holds_alternative<Queued>(task.state),
                  "only what is queued is fetched ahead");
  }
  SCALER_ASSERT(queued + suspended == agent.queue.size(), "entries of the queue without a task");
  SCALER_ASSERT(suspended == agent.suspended && parked == agent.parked, "counts of tasks");
  SCALER_ASSERT(running == (agent.running ? 1U : 0U), "the running task");
  SCALER_ASSERT(window == agent.window && window <= window_tasks_max, "the window");
  for (const auto& [object, count] : needs)
    SCALER_ASSERT(agent.objects.needs_of(object) == count, "needs of an object");

  std::size_t with_task = 0;
  for (const auto& [id, processor] : agent.processors) with_task += processor.task() ? 1 : 0;
  SCALER_ASSERT(with_task == running + suspended, "a processor with a task that is not here");
  SCALER_ASSERT(agent.available() <= (agent.running ? 1U : 2U), "too many spare processors");

  std::uint64_t upload_bytes = 0;
  std::size_t unannounced = 0;
  for (const auto& [id, upload] : agent.uploads) {
    upload_bytes += upload.payload.size();
    const auto found = agent.uploading.find(upload.task);
    const bool awaited = found != agent.uploading.end() && found->second == id;
    SCALER_ASSERT(awaited != upload.announced, "an upload of no task");
    SCALER_ASSERT(!upload.deleted || (upload.announced && upload.payload.empty()),
                  "only what was announced is deleted");
    unannounced += awaited ? 1 : 0;
  }
  SCALER_ASSERT(upload_bytes == agent.upload_bytes, "bytes on their way to the store");
  std::uint64_t held_bytes = 0;
  for (const ObjectId& id : agent.held) {
    const auto found = agent.uploads.find(id);
    SCALER_ASSERT(found != agent.uploads.end(), "a held result that is no upload");
    held_bytes += found->second.payload.size();
  }
  SCALER_ASSERT(held_bytes == agent.held_bytes, "bytes held back");
  SCALER_ASSERT(agent.held.empty() || (agent.running && !agent.queue.empty()),
                "results held back for nothing");
  SCALER_ASSERT(unannounced == agent.uploading.size(), "results on their way");
  agent.objects.check_invariants();
}

}  // namespace scaler::agent
