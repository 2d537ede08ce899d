#include "scaler/view/formats.hpp"
#include "scaler/view/top_screen.hpp"
#include "view/json_object.hpp"
#include "view/words.hpp"

namespace scaler::view {
namespace {

using wire::StateScheduler;

std::string id_text(const Bytes& id) { return display_text(id.text()); }

std::string resource_json(std::uint64_t cpu_permille, std::uint64_t rss_bytes) {
  return JsonObject().number("cpu_permille", cpu_permille).number("rss_bytes", rss_bytes).take();
}

std::string processor_json(const wire::ProcessorStatus& processor) {
  return JsonObject()
      .number("pid", processor.pid)
      .truth("initialized", processor.initialized)
      .truth("has_task", processor.has_task)
      .truth("suspended", processor.suspended)
      .number("cpu_permille", processor.resource.cpu_permille)
      .number("rss_bytes", processor.resource.rss_bytes)
      .take();
}

// With the names that workers_answer gives, and more.
std::string worker_json(const WorkerView& worker) {
  const auto& status = worker.status;
  JsonObject object;
  object.text("id", id_text(status.worker))
      .text("worker_manager_id", id_text(worker.manager_id))
      .number("tasks", status.sent)
      .number("queued", status.queued)
      .number("free", status.free)
      .raw("processors", json_array(status.processors, processor_json))
      .number("suspended", status.suspended)
      .number("latency_us", status.lag_us)
      .number("last_seen_seconds", status.last_seconds)
      .raw("agent", resource_json(status.agent.cpu_permille, status.agent.rss_bytes))
      .raw("processor", resource_json(worker.cpu_permille, worker.rss_bytes))
      .number("memory_available_bytes", status.rss_free_bytes)
      .text("itl", display_text(status.itl));
  if (worker.capabilities)  // else unknown
    object.raw("capabilities", json_array(*worker.capabilities, [](const wire::Capability& one) {
                 return json::quoted(display_text(one.name));
               }));
  return object.take();
}

std::string manager_json(const ManagerView& manager) {
  JsonObject object;
  object.text("id", id_text(manager.id)).number("workers", manager.totals.workers);
  if (manager.detail)  // else it is not connected itself
    object.text("identity", display_text(manager.detail->identity))
        .number("last_seen_seconds", manager.detail->last_seen_seconds)
        .number("max_task_concurrency", manager.detail->max_task_concurrency)
        .text("capabilities", display_text(manager.detail->capabilities))
        .number("pending_workers", manager.detail->pending_workers);
  return object.take();
}

std::string counts_by_kind(const std::vector<StateScheduler::MessageCount>& counts) {
  JsonObject object;
  for (const auto& count : counts) object.number(display_text(count.kind), count.number);
  return object.take();
}

}  // namespace

std::string picture_json(const ClusterView& view) {
  const StateScheduler& state = view.state();
  JsonObject tasks;
  for (const auto& count : state.tasks) tasks.number(name_of(count.state), count.count);
  return JsonObject()
             .raw("scheduler",
                  resource_json(state.scheduler.cpu_permille, state.scheduler.rss_bytes))
             .number("memory_available_bytes", state.rss_free_bytes)
             .number("objects", state.objects)
             .raw("tasks", tasks.take())
             .raw("sent", counts_by_kind(state.sent))
             .raw("received", counts_by_kind(state.received))
             .raw("clients", json_array(state.clients,
                                        [](const StateScheduler::ClientTasks& client) {
                                          return JsonObject()
                                              .text("id", id_text(client.client))
                                              .number("tasks", client.tasks)
                                              .take();
                                        }))
             .raw("workers", json_array(view.workers(), worker_json))
             .raw("worker_managers", json_array(view.managers(), manager_json))
             .take() +
         '\n';
}

}  // namespace scaler::view
