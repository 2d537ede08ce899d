#include <fmt/format.h>

#include <algorithm>

#include "scaler/view/answers.hpp"
#include "view/json_object.hpp"
#include "view/words.hpp"

namespace scaler::view {
namespace {

using Status = wire::StateScheduler;

std::string json_of(const wire::Resource& resource) {
  return JsonObject()
      .number("cpu_permille", resource.cpu_permille)
      .number("rss_bytes", resource.rss_bytes)
      .take();
}

std::string counts_json(const std::vector<Status::MessageCount>& counts) {
  JsonObject object;
  for (const auto& count : counts) object.number(printable(count.kind), count.number);
  return object.take();
}

std::string json_of(const Status::ManagerDetail& manager) {
  return JsonObject()
      .text("id", printable(manager.manager_id.text()))
      .text("identity", printable(manager.identity))
      .number("last_seen_seconds", manager.last_seen_seconds)
      .number("max_task_concurrency", manager.max_task_concurrency)
      .text("capabilities", manager.capabilities)
      .number("pending_workers", manager.pending_workers)
      .take();
}

std::string status_json(const Status& status) {
  JsonObject tasks;
  for (const auto& state : status.tasks) tasks.number(name_of(state.state), state.count);
  JsonObject object;
  object.raw("tasks", tasks.take())
      .raw("clients", json_array(status.clients,
                                 [](const Status::ClientTasks& client) {
                                   return JsonObject()
                                       .text("id", printable(client.client.text()))
                                       .number("tasks", client.tasks)
                                       .take();
                                 }))
      .number("workers", status.workers.size())
      .raw("worker_managers",
           json_array(status.managers, [](const auto& manager) { return json_of(manager); }))
      .number("objects", status.objects)
      .raw("scheduler", json_of(status.scheduler))
      .number("memory_available_bytes", status.rss_free_bytes)
      .raw("received", counts_json(status.received))
      .raw("sent", counts_json(status.sent));
  return object.take() + '\n';
}

std::string tasks_line(const Status& status) {
  std::string text;
  for (const auto& state : status.tasks) {
    const bool always = state.state == wire::TaskState::inactive ||
                        state.state == wire::TaskState::running ||
                        state.state == wire::TaskState::success;
    if (state.count == 0 && !always) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", state.count, name_of(state.state));
  }
  return text;
}

std::string workers_line(const Status& status) {
  std::uint64_t sent = 0;
  std::uint64_t free = 0;
  for (const auto& worker : status.workers) {
    sent += worker.sent;
    free += worker.free;
  }
  return fmt::format("{} with {} in hand, {} free", plural(status.workers.size(), "worker"),
                     plural(sent, "task"), plural(free, "place"));
}

std::string status_text(const Status& status) {
  Rows rows = {
      {"tasks", tasks_line(status)},
      {"workers", workers_line(status)},
      {"objects", fmt::format("{}", status.objects)},
      {"scheduler", fmt::format("{} of a core, {} resident", percent(status.scheduler.cpu_permille),
                                megabytes(status.scheduler.rss_bytes))}};
  for (const auto& client : status.clients)
    rows.push_back({"client", fmt::format("{}  {}", printable(client.client.text()),
                                          plural(client.tasks, "task"))});
  for (const auto& manager : status.managers)
    rows.push_back({"manager", fmt::format("{}  at most {}, heard {} s ago",
                                           printable(manager.manager_id.text()),
                                           manager.max_task_concurrency == ~std::uint32_t{0}
                                               ? "any number"
                                               : plural(manager.max_task_concurrency, "task"),
                                           manager.last_seen_seconds)});
  return columns(rows);
}

// ---- workers ----

struct WorkerRow {
  const Status::WorkerStatus& worker;
  std::string manager;
  bool draining;
  wire::Resource processors;  // their sum
};

std::vector<WorkerRow> rows_of(const Status& status, const std::vector<Bytes>& draining) {
  std::vector<WorkerRow> rows;
  for (const auto& worker : status.workers) {
    WorkerRow row{worker,
                  {},
                  std::find(draining.begin(), draining.end(), worker.worker) != draining.end(),
                  {}};
    for (const auto& managed : status.managed_workers)
      if (std::find(managed.workers.begin(), managed.workers.end(), worker.worker) !=
          managed.workers.end())
        row.manager = printable(managed.manager_id.text());
    for (const auto& processor : worker.processors) {
      row.processors.cpu_permille =
          static_cast<std::uint16_t>(row.processors.cpu_permille + processor.resource.cpu_permille);
      row.processors.rss_bytes += processor.resource.rss_bytes;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string json_of(const WorkerRow& row) {
  return JsonObject()
      .text("id", printable(row.worker.worker.text()))
      .text("worker_manager_id", row.manager)
      .truth("draining", row.draining)
      .number("tasks", row.worker.sent)
      .number("queued", row.worker.queued)
      .number("free", row.worker.free)
      .number("processors", row.worker.processors.size())
      .number("suspended", row.worker.suspended)
      .number("latency_us", row.worker.lag_us)
      .number("last_seen_seconds", row.worker.last_seconds)
      .raw("agent", json_of(row.worker.agent))
      .raw("processor", json_of(row.processors))
      .number("memory_available_bytes", row.worker.rss_free_bytes)
      .take();
}

std::string workers_text(const std::vector<WorkerRow>& workers) {
  if (workers.empty()) return "no workers\n";
  Rows rows = {{"worker", "manager", "tasks", "queued", "free", "cpu", "memory", "heard", ""}};
  for (const WorkerRow& row : workers)
    rows.push_back({printable(row.worker.worker.text()), row.manager,
                    fmt::format("{}", row.worker.sent), fmt::format("{}", row.worker.queued),
                    fmt::format("{}", row.worker.free), percent(row.processors.cpu_permille),
                    megabytes(row.worker.agent.rss_bytes + row.processors.rss_bytes),
                    fmt::format("{} s ago", row.worker.last_seconds),
                    row.draining ? "draining" : ""});
  return columns(rows);
}

}  // namespace

std::string status_answer(const wire::StateScheduler& status, Form form) {
  return form == Form::json ? status_json(status) : status_text(status);
}

std::string workers_answer(const wire::StateScheduler& status, const std::vector<Bytes>& draining,
                           Form form) {
  const std::vector<WorkerRow> rows = rows_of(status, draining);
  if (form == Form::text) return workers_text(rows);
  return JsonObject()
             .raw("workers", json_array(rows, [](const WorkerRow& row) { return json_of(row); }))
             .take() +
         '\n';
}

}  // namespace scaler::view
