#include "scaler/view/page_feed.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "view/json_object.hpp"
#include "view/page_chart.hpp"
#include "view/page_metrics.hpp"
#include "view/page_peer_keys.hpp"
#include "view/page_rows.hpp"
#include "view/page_tasks.hpp"
#include "view/row_table.hpp"

namespace scaler::view {
namespace {

constexpr int schema_version = 1;
constexpr Duration heartbeat = 1s;

std::uint64_t seconds_of(Duration duration) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(
      0, std::chrono::duration_cast<std::chrono::seconds>(duration).count()));
}

}  // namespace

struct PageFeed::Impl {
  explicit Impl(Options given) : options(std::move(given)), history(options.history) {}

  void on_state(Now now) {
    peaks.on_state(cluster);
    workers.update(rows_of_workers(cluster, peaks));
    managers.update(rows_of_managers(cluster));
    clients.update(rows_of_clients(cluster));
    chart.add(cluster, now.wall - options.started);
  }

  JsonObject envelope(Now now) const {
    JsonObject object;
    object.number("v", schema_version).number("seq", sequence).number("now", now.wall);
    return object;
  }

  std::optional<std::string> take_delta(Now now) {
    history.prune(now.wall);
    scheduler.update(
        rows_of_scheduler(cluster, options.monitor_address, seconds_of(cluster.age(now.at))));
    ++sequence;
    JsonObject delta = envelope(now);
    bool any = false;
    const auto add = [&](std::string_view key, const std::string& json) {
      if (json.empty()) return;
      delta.raw(key, json);
      any = true;
    };
    add("names", take_new_names(history));
    const TaskChanges tasks =
        changes_of(history, history.take_changed(), options.started, options.tasks_per_delta_max);
    if (!tasks.tasks.empty()) add("tasks", '[' + tasks.tasks + ']');
    if (tasks.skipped > 0) add("tasks_skipped", fmt::format("{}", tasks.skipped));
    add("scheduler", scheduler.take_changes());
    add("workers", workers.take_changes());
    add("worker_managers", managers.take_changes());
    add("clients", clients.take_changes());
    add("chart", chart.take_new());
    if (!any && now.at - told_at < heartbeat) {
      --sequence;
      return std::nullopt;
    }
    told_at = now.at;
    return delta.take();
  }

  std::string snapshot(Now now) const {
    const auto& limits = history.limits();
    JsonObject all = envelope(now);
    all.text("type", "full_state")
        .number("t0", options.started)
        .raw("limits", JsonObject()
                           .number("records", limits.records_max)
                           .number("blocks", limits.blocks_max)
                           .number("keep_ms", limits.keep_ms)
                           .number("block_ms", limits.block_ms)
                           .take())
        .raw("scheduler", scheduler.first())
        .raw("workers", workers.all())
        .raw("worker_managers", managers.all())
        .raw("clients", clients.all())
        .raw("names", names_json(history))
        .raw("tasks", tasks_json(history, options.started))
        .raw("blocks", blocks_json(history, options.started))
        .raw("chart", chart.all());
    add_peer_keys(all, cluster, peaks, history, now.wall);
    return all.take();
  }

  Options options;
  ClusterView cluster;
  TaskHistory history;
  PeakMemory peaks;
  PageChart chart;
  RowTable scheduler{scheduler_keys()};
  RowTable workers{worker_keys()};
  RowTable managers{manager_keys()};
  RowTable clients{client_keys()};
  std::uint64_t sequence = 0;
  TimePoint told_at{};
};

PageFeed::PageFeed(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
PageFeed::~PageFeed() = default;

void PageFeed::on_message(const wire::Message& message, Now now) {
  impl_->cluster.on_message(message, now.at);
  if (const auto* task = std::get_if<wire::StateTask>(&message))
    impl_->history.on_task(*task, now.wall);
  if (std::holds_alternative<wire::StateScheduler>(message) ||
      std::holds_alternative<wire::StateWorker>(message))
    impl_->on_state(now);
}

std::optional<std::string> PageFeed::take_delta(Now now) { return impl_->take_delta(now); }
std::string PageFeed::snapshot(Now now) const { return impl_->snapshot(now); }
std::uint64_t PageFeed::sequence() const { return impl_->sequence; }
std::string PageFeed::metrics(Now now) const {
  return metrics_text(impl_->cluster, is_fresh(now), impl_->cluster.age(now.at));
}
bool PageFeed::is_fresh(Now now) const {
  return !impl_->cluster.empty() && impl_->cluster.age(now.at) <= 5s;
}

}  // namespace scaler::view
