#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "scaler/wire/messages.hpp"

namespace scaler::view {

// The upper block: scheduler, objects, tasks and messages, side by side, in at most so many rows
// and columns. A list that is too long says how much it leaves out; of the tables that do not fit,
// the messages go first, then the objects, then the tasks.
std::vector<std::string> summary_lines(const wire::StateScheduler& state, std::size_t columns,
                                       std::size_t rows_max);

}  // namespace scaler::view
