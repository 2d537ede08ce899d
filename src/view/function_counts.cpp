#include "scaler/view/function_counts.hpp"

#include <algorithm>
#include <cmath>

namespace scaler::view {
namespace {

constexpr std::size_t names_max = 1000;

}  // namespace

void FunctionCounts::on_message(const wire::Message& message) {
  const auto* event = std::get_if<wire::StateTask>(&message);
  if (event == nullptr) return;
  const bool succeeded = event->state == wire::TaskState::success;
  const bool failed = event->state == wire::TaskState::failed ||
                      event->state == wire::TaskState::failed_worker_died;
  if (!succeeded && !failed) return;
  Counts& counts = counts_of(event->function_name.text());
  ++(succeeded ? counts.succeeded : counts.failed);
  if (event->metadata.empty()) return;
  const auto profile = wire::decode_task_profile(event->metadata);
  if (!profile || !std::isfinite(profile->duration_seconds)) return;
  ++counts.profiled;
  counts.seconds += std::max(profile->duration_seconds, 0.0F);
  counts.memory_peak_bytes = std::max(counts.memory_peak_bytes, profile->memory_peak_bytes);
}

FunctionCounts::Counts& FunctionCounts::counts_of(std::string_view name) {
  const auto known = by_name_.find(std::string(name));
  if (known != by_name_.end()) return known->second;
  if (by_name_.size() >= names_max) return others_;
  return by_name_[std::string(name)];
}

}  // namespace scaler::view
