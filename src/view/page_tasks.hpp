#pragma once

#include <string>
#include <vector>

#include "scaler/view/task_history.hpp"

// The tasks of the page as JSON: arrays of numbers, names by their number, times in milliseconds
// since `origin`. docs/web-page.md says what stands where.
namespace scaler::view {

struct TaskChanges {
  std::string tasks;        // "[...],[...]"; empty: none
  std::size_t skipped = 0;  // new ones that found no room
};

// Of those in `numbers`. The latest `new_max` that were not told yet are told whole.
TaskChanges changes_of(TaskHistory& history, const std::vector<std::uint64_t>& numbers,
                       WallMs origin, std::size_t new_max);

std::string tasks_json(const TaskHistory& history, WallMs origin);
std::string blocks_json(const TaskHistory& history, WallMs origin);
std::string names_json(const TaskHistory& history);
std::string take_new_names(TaskHistory& history);  // empty: none

}  // namespace scaler::view
