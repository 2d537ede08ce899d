#pragma once

#include <algorithm>
#include <optional>

#include "scaler/wire/messages.hpp"

namespace scaler::scheduler {

struct AdmissionFlags {
  bool nested = false;  // submitted from inside a running task
};

// What of a task's flags matters here. Nothing: a worker would end on them, so the task must not
// reach one.
inline std::optional<AdmissionFlags> task_flags_of(ByteView metadata) {
  const auto flags = wire::decode_task_flags(metadata);
  if (!flags) return std::nullopt;
  return AdmissionFlags{flags->priority > 0};
}

// Node ids are for graphs only; a worker cannot resolve them.
inline bool takes_results_of_nodes(const wire::Task& task) {
  return std::any_of(task.arguments.begin(), task.arguments.end(),
                     [](const auto& argument) { return std::holds_alternative<TaskId>(argument); });
}

}  // namespace scaler::scheduler
