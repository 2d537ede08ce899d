#include "view/page_peer_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "scaler/view/formats.hpp"
#include "scaler/view/name_table.hpp"
#include "view/words.hpp"

namespace scaler::view {
namespace {

constexpr std::uint64_t log_rows_max = 500;
constexpr WallMs window_ms = 5 * 60 * 1000;

// ---- processors ----

std::string peer_processor(const WorkerView& worker, const wire::ProcessorStatus& one,
                           const PeakMemory& peaks) {
  const std::uint64_t rss = megabytes_of(one.resource.rss_bytes);
  return JsonObject()
      .number("pid", one.pid)
      .raw("cpu", percentage(one.resource.cpu_permille))
      .number("rss", rss)
      .number("max_rss", megabytes_of(peaks.of(worker.status.worker.text(), one.pid)))
      .number("rss_max_gauge", rss + megabytes_of(worker.status.rss_free_bytes))
      .truth("initialized", one.initialized)
      .truth("has_task", one.has_task)
      .truth("suspended", one.suspended)
      .take();
}

std::string peer_worker(const WorkerView& worker, const std::string& manager,
                        const PeakMemory& peaks) {
  const std::string name = NameTable::shown(worker.status.worker.text());
  return JsonObject()
      .text("name", short_name(name))
      .text("full_name", name)
      .text("manager_id", manager)
      .number("rss_free", megabytes_of(worker.status.rss_free_bytes))
      .raw("processors",
           json_array(worker.status.processors,
                      [&](const auto& one) { return peer_processor(worker, one, peaks); }))
      .take();
}

struct Group {
  std::string workers;
  std::uint64_t count = 0;
  std::uint64_t processors = 0;
  std::uint64_t active = 0;
  std::uint64_t host_free = 0;  // the most of any: workers of one host say the same
  Totals totals;
};

std::string processors_json(const ClusterView& cluster, const PeakMemory& peaks) {
  std::map<std::string, Group> groups;
  for (const WorkerView& worker : cluster.workers()) {
    const std::string manager =
        worker.manager_id.empty() ? no_manager() : NameTable::shown(worker.manager_id.text());
    Group& group = groups[manager];
    group.workers += (group.workers.empty() ? "" : ",") + peer_worker(worker, manager, peaks);
    ++group.count;
    group.totals.cpu_permille += worker.cpu_permille;
    group.totals.rss_bytes += worker.rss_bytes;
    group.host_free = std::max(group.host_free, worker.status.rss_free_bytes);
    group.processors += worker.status.processors.size();
    for (const auto& one : worker.status.processors) group.active += one.suspended ? 0 : 1;
  }
  return json_array(groups, [](const auto& entry) {
    const Group& group = entry.second;
    return JsonObject()
        .text("manager_id", entry.first)
        .number("worker_count", group.count)
        .number("total_rss", megabytes_of(group.totals.rss_bytes))
        .number("total_rss_free", megabytes_of(group.host_free))
        .raw("total_cpu", percentage(group.totals.cpu_permille))
        .number("total_processors", group.processors)
        .number("active_processors", group.active)
        .raw("workers", '[' + group.workers + ']')
        .take();
  });
}

// ---- tasks ----

std::string log_entry(const TaskHistory& history, const TaskRecord& record) {
  const auto& names = history.names();
  const std::string& worker = names.workers.at(record.worker);
  const bool ended = record.end != 0;
  std::string duration;
  std::string peak;
  if (ended && record.duration_us) {
    duration = fmt::format("{:.2f}s", static_cast<double>(*record.duration_us) / 1e6);
    peak = record.memory_peak_bytes == 0 ? "0" : bytes_text(record.memory_peak_bytes);
  } else if (ended) {
    duration = peak = "N/A";
  }
  return JsonObject()
      .text("task_id", record.id.hex())
      .text("function", names.functions.at(record.function))
      .text("worker", short_name(worker))
      .text("full_worker", worker)
      .raw("time", fmt::format("{:.3f}", static_cast<double>(record.seen) / 1000))
      .text("duration", duration)
      .text("peak_mem", peak)
      .text("status", state_name(record.state))
      .text("capabilities", names.capabilities.at(record.capabilities))
      .take();
}

std::string log_json(const TaskHistory& history) {
  std::string body;
  const std::uint64_t first =
      std::max(history.first(), history.end() - std::min(history.end(), log_rows_max));
  for (std::uint64_t number = history.end(); number > first; --number)
    body += (body.empty() ? "" : ",") + log_entry(history, history.at(number - 1));
  return '[' + body + ']';
}

// The sum of the peaks of the tasks that ran at the same time.
std::string memory_json(const TaskHistory& history, WallMs now) {
  std::multimap<WallMs, std::int64_t> steps;
  for (std::uint64_t number = history.first(); number < history.end(); ++number) {
    const TaskRecord& record = history.at(number);
    const auto peak = static_cast<std::int64_t>(
        std::min<std::uint64_t>(record.memory_peak_bytes, std::uint64_t{1} << 50));
    if (peak == 0 || record.end < now - window_ms) continue;
    steps.emplace(record.begin, peak);
    steps.emplace(record.end, -peak);
  }
  std::int64_t sum = 0;
  return JsonObject()
      .raw("points",
           json_array(steps,
                      [&](const auto& step) {
                        sum += step.second;
                        return JsonObject()
                            .raw("x", fmt::format("{:.2f}",
                                                  static_cast<double>(step.first - now) / 1000))
                            .number("y", sum)
                            .take();
                      }))
      .text("scale", "linear")
      .number("window", window_ms / 1000)
      .take();
}

}  // namespace

void add_peer_keys(JsonObject& snapshot, const ClusterView& cluster, const PeakMemory& peaks,
                   const TaskHistory& history, WallMs now) {
  snapshot.raw("processors", processors_json(cluster, peaks))
      .raw("task_log", log_json(history))
      .number("task_log_max_size", log_rows_max)
      .raw("memory_chart", memory_json(history, now))
      .raw("settings",
           JsonObject().number("stream_window", 5).text("memory_scale", "linear").take());
}

}  // namespace scaler::view
