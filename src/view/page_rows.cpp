#include "view/page_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "scaler/base/utf8.hpp"
#include "scaler/view/formats.hpp"
#include "scaler/view/name_table.hpp"
#include "view/json_object.hpp"
#include "view/words.hpp"

namespace scaler::view {
namespace {

constexpr std::size_t short_characters = 15;

std::string number(std::uint64_t value) { return fmt::format("{}", value); }
std::string quoted(std::string_view text) { return json::quoted(text); }
std::string counts(const std::vector<wire::StateScheduler::MessageCount>& messages) {
  std::string body;
  for (const auto& message : messages)
    body += fmt::format("{}{}:{}", body.empty() ? "" : ",", quoted(NameTable::shown(message.kind)),
                        message.number);
  return '{' + body + '}';
}

std::string states(const ClusterView& cluster) {
  JsonObject object;
  for (const auto& count : cluster.state().tasks)
    object.number(state_name(count.state), count.count);
  return object.take();
}

std::string processors_of(const WorkerView& worker, const PeakMemory& peaks) {
  return json_array(worker.status.processors, [&](const wire::ProcessorStatus& one) {
    return fmt::format("[{},{:d},{:d},{:d},{},{},{}]", one.pid, one.initialized, one.has_task,
                       one.suspended, one.resource.cpu_permille, one.resource.rss_bytes,
                       peaks.of(worker.status.worker.text(), one.pid));
  });
}

}  // namespace

void PeakMemory::on_state(const ClusterView& cluster) {
  auto before = std::exchange(peaks_, {});
  for (const WorkerView& worker : cluster.workers())
    for (const auto& one : worker.status.processors) {
      std::pair key(std::string(worker.status.worker.text()), one.pid);
      const auto known = before.find(key);
      const std::uint64_t peak = known == before.end() ? 0 : known->second;
      peaks_.insert_or_assign(std::move(key), std::max(peak, one.resource.rss_bytes));
    }
}

std::uint64_t PeakMemory::of(std::string_view worker, std::uint32_t pid) const {
  const auto found = peaks_.find(std::pair(std::string(worker), pid));
  return found == peaks_.end() ? 0 : found->second;
}

std::string_view state_name(wire::TaskState state) {
  return state == wire::TaskState::inactive ? "inactive" : name_of(state);
}

std::string short_name(const std::string& name) {
  std::string_view rest = name;
  for (std::size_t i = 0; i < short_characters && !rest.empty(); ++i)
    rest.remove_prefix(first_code_point(rest).length);
  if (rest.empty()) return name;
  return name.substr(0, name.size() - rest.size()) + '+';
}

std::string no_manager() { return "\u2014"; }

std::string capabilities_of(const WorkerView& worker) {
  if (!worker.capabilities) return "<unknown>";
  std::string text;
  for (const wire::Capability& one : *worker.capabilities)
    text += (text.empty() ? "" : " ") + NameTable::shown(one.name);
  return text.empty() ? "<no capabilities>" : text;
}

std::vector<std::string_view> scheduler_keys() {
  return {"cpu",    "rss",     "rss_free", "monitor_address", "last_seen", "connected",
          "states", "objects", "sent",     "received"};
}

RowTable::Rows rows_of_scheduler(const ClusterView& cluster, std::string_view monitor_address,
                                 std::uint64_t silent_seconds) {
  const auto& state = cluster.state();
  const bool known = !cluster.empty();
  const auto or_dash = [&](const std::string& text) { return quoted(known ? text : no_manager()); };
  return {{"",
           {or_dash(percent_text(state.scheduler.cpu_permille)),
            or_dash(bytes_text(state.scheduler.rss_bytes)),
            or_dash(bytes_text(state.rss_free_bytes)), quoted(monitor_address),
            or_dash(seen_text(silent_seconds)), known && silent_seconds <= 5 ? "true" : "false",
            states(cluster), number(state.objects), counts(state.sent), counts(state.received)}}};
}

std::vector<std::string_view> worker_keys() {
  return {"name",     "full_name", "manager_id",   "agt_cpu", "agt_rss",   "proc_cpu",  "proc_rss",
          "rss_free", "total_rss", "free",         "sent",    "queued",    "suspended", "lag",
          "itl",      "last_seen", "capabilities", "lag_us",  "rss_bytes", "processors"};
}

RowTable::Rows rows_of_workers(const ClusterView& cluster, const PeakMemory& peaks) {
  RowTable::Rows rows;
  for (const WorkerView& worker : cluster.workers()) {
    const auto& status = worker.status;
    const std::string name = NameTable::shown(status.worker.text());
    const std::uint64_t rss = megabytes_of(worker.rss_bytes);
    const std::uint64_t host_free = megabytes_of(status.rss_free_bytes);
    rows[name] = {quoted(short_name(name)),
                  quoted(name),
                  quoted(worker.manager_id.empty() ? no_manager()
                                                   : NameTable::shown(worker.manager_id.text())),
                  percentage(status.agent.cpu_permille),
                  number(megabytes_of(status.agent.rss_bytes)),
                  percentage(worker.cpu_permille),
                  number(rss),
                  number(host_free),
                  number(rss + host_free),
                  number(status.free),
                  number(status.sent),
                  number(status.queued),
                  number(status.suspended),
                  quoted(lag_text(status.lag_us)),
                  quoted(NameTable::shown(status.itl)),
                  quoted(seen_text(status.last_seconds)),
                  quoted(capabilities_of(worker)),
                  number(status.lag_us),
                  number(worker.rss_bytes),
                  processors_of(worker, peaks)};
  }
  return rows;
}

std::vector<std::string_view> manager_keys() {
  return {"manager_id",   "identity",
          "last_seen",    "max_task_concurrency",
          "worker_count", "pending_workers",
          "capabilities", "cpu",
          "rss",          "free",
          "sent",         "queued",
          "suspended"};
}

RowTable::Rows rows_of_managers(const ClusterView& cluster) {
  RowTable::Rows rows;
  for (const ManagerView& manager : cluster.managers()) {
    const std::string name =
        manager.id.empty() ? no_manager() : NameTable::shown(manager.id.text());
    const bool connected = manager.detail.has_value();
    const auto detail = manager.detail.value_or(wire::StateScheduler::ManagerDetail{});
    const Totals& sum = manager.totals;
    const bool has_most = connected && detail.max_task_concurrency != ~std::uint32_t{0};
    rows[name] = {quoted(name),
                  quoted(connected ? NameTable::shown(detail.identity) : no_manager()),
                  quoted(connected ? seen_text(detail.last_seen_seconds) : no_manager()),
                  has_most ? number(detail.max_task_concurrency) : "null",
                  number(sum.workers),
                  number(detail.pending_workers),
                  quoted(NameTable::shown(detail.capabilities)),
                  percentage(sum.cpu_permille),
                  number(megabytes_of(sum.rss_bytes)),
                  number(sum.free),
                  number(sum.sent),
                  number(sum.queued),
                  number(sum.suspended)};
  }
  return rows;
}

std::vector<std::string_view> client_keys() { return {"tasks"}; }

RowTable::Rows rows_of_clients(const ClusterView& cluster) {
  RowTable::Rows rows;
  for (const auto& client : cluster.state().clients)
    rows[NameTable::shown(client.client.text())] = {number(client.tasks)};
  return rows;
}

}  // namespace scaler::view
