#include "view/page_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "scaler/view/formats.hpp"
#include "scaler/view/name_table.hpp"
#include "view/page_rows.hpp"

namespace scaler::view {
namespace {

// The value of a label, with its quotes.
std::string label(std::string_view bytes) {
  std::string text = "\"";
  for (const char letter : NameTable::shown(bytes)) {
    if (letter == '"' || letter == '\\') text += '\\';
    text += letter;
  }
  return text + '"';
}

class Metrics {
 public:
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP scaler_{0} {2}\n# TYPE scaler_{0} {1}\n", name, type, help);
  }
  template <class Number>
  void value(Number number, const std::string& labels = {}) {
    text_ += fmt::format("scaler_{}{} {}\n", name_,
                         labels.empty() ? std::string() : '{' + labels + '}', number);
  }
  template <class Number>
  void gauge(std::string_view name, std::string_view help, Number number) {
    begin(name, "gauge", help);
    value(number);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string_view name_;
  std::string text_;
};

void add_messages(Metrics& metrics, std::string_view name, std::string_view help,
                  const std::vector<wire::StateScheduler::MessageCount>& counts) {
  metrics.begin(name, "counter", help);
  for (const auto& count : counts) metrics.value(count.number, "kind=" + label(count.kind));
}

void add_workers(Metrics& metrics, const ClusterView& cluster) {
  const Totals& sum = cluster.totals();
  metrics.gauge("workers", "Workers that the scheduler knows", sum.workers);
  metrics.gauge("workers_pending", "Workers that managers were asked for",
                cluster.pending_workers());
  metrics.gauge("worker_places_free", "Places left in the queues of workers", sum.free);
  metrics.gauge("worker_tasks_sent", "Tasks that workers have in hand", sum.sent);
  metrics.gauge("worker_tasks_queued", "Of these, tasks that wait at their worker", sum.queued);
  metrics.gauge("worker_processors_suspended", "Processors that are suspended", sum.suspended);
  metrics.gauge("worker_cpu_cores", "Processor time of all workers' processors, in cores",
                fmt::format("{:.3f}", static_cast<double>(sum.cpu_permille) / 1000));
  metrics.gauge("worker_rss_bytes", "Memory of all workers' processors", sum.rss_bytes);
  std::uint64_t lag_us = 0;
  for (const WorkerView& worker : cluster.workers())
    lag_us = std::max(lag_us, worker.status.lag_us);
  metrics.gauge("worker_lag_seconds_max", "The longest latency between scheduler and a worker",
                fmt::format("{:.6f}", static_cast<double>(lag_us) / 1e6));
}

}  // namespace

std::string metrics_text(const ClusterView& cluster, bool is_fresh, Duration age) {
  Metrics metrics;
  metrics.gauge("up", "Whether the scheduler said something within five seconds", is_fresh ? 1 : 0);
  if (cluster.empty()) return metrics.take();
  metrics.gauge("state_age_seconds", "Since the scheduler's last report",
                fmt::format("{:.3f}", std::chrono::duration<double>(age).count()));
  const auto& state = cluster.state();
  metrics.begin("tasks", "gauge",
                "Tasks by state; of states that end a task, all since the scheduler started");
  for (const auto& count : state.tasks)
    metrics.value(count.count, fmt::format("state=\"{}\"", state_name(count.state)));
  metrics.gauge("objects", "Objects that the scheduler knows", state.objects);
  metrics.gauge("clients", "Clients that are connected", state.clients.size());
  metrics.gauge("scheduler_cpu_cores", "Processor time of the scheduler, in cores",
                fmt::format("{:.3f}", state.scheduler.cpu_permille / 1000.0));
  metrics.gauge("scheduler_rss_bytes", "Memory of the scheduler", state.scheduler.rss_bytes);
  add_workers(metrics, cluster);
  add_messages(metrics, "messages_received_total", "Messages that the scheduler received",
               state.received);
  add_messages(metrics, "messages_sent_total", "Messages that the scheduler sent", state.sent);
  return metrics.take();
}

}  // namespace scaler::view
