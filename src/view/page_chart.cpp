#include "view/page_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace scaler::view {
namespace {

using wire::TaskState;

std::uint64_t count_of(const wire::StateScheduler& state, std::initializer_list<TaskState> which) {
  std::uint64_t sum = 0;
  for (const auto& count : state.tasks)
    if (std::find(which.begin(), which.end(), count.state) != which.end()) sum += count.count;
  return sum;
}

bool is_busy(const WorkerView& worker) {
  const auto& processors = worker.status.processors;
  return std::any_of(processors.begin(), processors.end(),
                     [](const auto& one) { return one.has_task && !one.suspended; });
}

template <class Points>
std::string joined(const Points& points, std::size_t from) {
  std::string body;
  for (std::size_t i = from; i < points.size(); ++i) body += (body.empty() ? "" : ",") + points[i];
  return '[' + body + ']';
}

}  // namespace

void PageChart::add(const ClusterView& cluster, WallMs since_origin) {
  const auto& state = cluster.state();
  const auto& workers = cluster.workers();
  points_.push_back(fmt::format(
      "[{},{},{},{},{},{},{},{},{},{}]", since_origin, count_of(state, {TaskState::success}),
      count_of(state, {TaskState::failed, TaskState::failed_worker_died}),
      count_of(state, {TaskState::canceled, TaskState::canceled_not_found}),
      count_of(state, {TaskState::inactive, TaskState::balance_canceling,
                       TaskState::balance_canceled, TaskState::worker_disconnecting}),
      count_of(state, {TaskState::running, TaskState::canceling}), workers.size(),
      std::count_if(workers.begin(), workers.end(), is_busy), cluster.totals().cpu_permille,
      cluster.totals().rss_bytes));
  ++new_;
  if (points_.size() > points_max) points_.pop_front();
}

std::string PageChart::all() const { return joined(points_, 0); }

std::string PageChart::take_new() {
  const std::size_t count = std::min(std::exchange(new_, 0), points_.size());
  return count == 0 ? std::string() : joined(points_, points_.size() - count);
}

}  // namespace scaler::view
