#include "scaler/view/task_history.hpp"

#include <algorithm>
#include <cmath>

namespace scaler::view {
namespace {

using wire::TaskState;

constexpr double duration_us_max = 1e15;  // 30 years: more is no duration

std::string names_of(const wire::Capabilities& capabilities) {
  std::vector<std::string_view> names;
  for (const wire::Capability& one : capabilities) names.push_back(one.name);
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += ' ';
    text += name;
    if (text.size() > NameTable::name_bytes_max) break;
  }
  return text;
}

void replace(NameTable& table, std::uint32_t& place, std::string_view name) {
  const std::uint32_t next = table.hold(name);
  table.release(std::exchange(place, next));
}

bool has_worker(TaskState state) {
  return state != TaskState::inactive && state != TaskState::balance_canceled;
}

}  // namespace

bool is_failure(TaskState state) {
  return state == TaskState::failed || state == TaskState::failed_worker_died;
}

bool is_final(TaskState state) {
  return state == TaskState::success || is_failure(state) || state == TaskState::canceled ||
         state == TaskState::canceled_not_found;
}

void TaskHistory::on_task(const wire::StateTask& task, WallMs now) {
  // Those that wait may be a million, and show nothing yet.
  if (!has_worker(task.state) && !open_.contains(task.id)) return;
  TaskRecord& record = find_or_add(task, now);
  const std::uint32_t worker_before = record.worker;
  set_names(record, task);
  if (!has_worker(task.state)) {
    replace(names_.workers, record.worker, {});
    record.begin = 0;
  } else if (is_final(task.state)) {
    set_end(record, task, now);
    open_.erase(task.id);
  } else if (record.begin == 0 || record.worker != worker_before) {
    record.begin = now;
  }
  record.state = task.state;
  while (records_.size() > limits_.records_max) drop_first();
}

TaskRecord& TaskHistory::find_or_add(const wire::StateTask& task, WallMs now) {
  const auto [found, is_new] = open_.emplace(task.id, end());
  if (is_new) {
    for (NameTable* table : {&names_.functions, &names_.workers, &names_.capabilities})
      table->hold_again(0);
    records_.emplace_back();
    records_.back().id = task.id;
    records_.back().seen = now;
  }
  TaskRecord& record = at(found->second);
  if (!std::exchange(record.is_changed, true)) changed_.push_back(found->second);
  return record;
}

void TaskHistory::set_names(TaskRecord& record, const wire::StateTask& task) {
  const auto before = std::pair(record.function, record.capabilities);
  if (!task.function_name.empty())
    replace(names_.functions, record.function, task.function_name.text());
  if (!task.worker.empty()) replace(names_.workers, record.worker, task.worker.text());
  if (!task.capabilities.empty())
    replace(names_.capabilities, record.capabilities, names_of(task.capabilities));
  if (before != std::pair(record.function, record.capabilities)) record.is_told = false;
}

void TaskHistory::set_end(TaskRecord& record, const wire::StateTask& task, WallMs now) {
  record.end = now;
  WallMs& last_end = last_end_of(record.worker);
  const bool ran = task.state == TaskState::success || is_failure(task.state);
  const auto profile = ran && !task.metadata.empty() ? wire::decode_task_profile(task.metadata)
                                                     : std::optional<wire::TaskProfile>();
  const double duration_us = profile ? std::round(double{profile->duration_seconds} * 1e6) : -1;
  if (duration_us >= 0 && duration_us <= duration_us_max) {
    record.duration_us = static_cast<std::uint64_t>(duration_us);
    record.memory_peak_bytes = profile->memory_peak_bytes;
    record.begin = now - static_cast<WallMs>(*record.duration_us / 1000);
  } else if (record.begin != 0) {
    // It was sent then, and began when the worker had ended the one before.
    record.begin = std::max(record.begin, last_end);
  }
  if (ran) last_end = now;
}

WallMs& TaskHistory::last_end_of(std::uint32_t worker) {
  if (last_ends_.size() <= worker) last_ends_.resize(worker + std::size_t{1});
  return last_ends_[worker];
}

void TaskHistory::prune(WallMs now) {
  const WallMs oldest = now - limits_.keep_ms;
  while (!records_.empty() && records_.front().end != 0 && records_.front().end < oldest)
    drop_first();
  while (!blocks_.empty() && (blocks_.begin()->first.first + 1) * limits_.block_ms < oldest)
    drop_first_block();
}

void TaskHistory::drop_first() {
  const TaskRecord& record = records_.front();
  fold(record);
  if (const auto found = open_.find(record.id); found != open_.end() && found->second == first_)
    open_.erase(found);
  names_.functions.release(record.function);
  names_.workers.release(record.worker);
  names_.capabilities.release(record.capabilities);
  records_.pop_front();
  ++first_;
}

void TaskHistory::fold(const TaskRecord& record) {
  if (record.begin == 0 || record.end == 0) return;
  const auto [found, is_new] =
      blocks_.try_emplace({record.begin / limits_.block_ms, record.worker});
  if (is_new) names_.workers.hold_again(record.worker);
  TaskBlock& block = found->second;
  ++block.count;
  if (is_failure(record.state)) ++block.failed;
  block.busy_ms += static_cast<std::uint64_t>(std::max<WallMs>(0, record.end - record.begin));
  while (blocks_.size() > limits_.blocks_max) drop_first_block();
}

void TaskHistory::drop_first_block() {
  names_.workers.release(blocks_.begin()->first.second);
  blocks_.erase(blocks_.begin());
}

std::vector<std::uint64_t> TaskHistory::take_changed() {
  std::vector<std::uint64_t> taken = std::exchange(changed_, {});
  std::erase_if(taken, [&](std::uint64_t number) { return number < first_; });
  std::sort(taken.begin(), taken.end());
  for (const std::uint64_t number : taken) at(number).is_changed = false;
  return taken;
}

}  // namespace scaler::view
