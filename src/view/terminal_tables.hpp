#pragma once

#include <vector>

#include "scaler/view/cluster_view.hpp"
#include "scaler/view/function_counts.hpp"
#include "view/terminal_table.hpp"

// What the lower block lists.
namespace scaler::view {

std::string_view heading_of(Column column);

// The heading of the column that orders the rows stands in brackets, and stays on the screen.
Table worker_table(const std::vector<const WorkerView*>& rows, Column sorted_by);
Table manager_table(const std::vector<const ManagerView*>& rows, Column sorted_by);
Table client_table(const std::vector<const wire::StateScheduler::ClientTasks*>& clients);
// The busiest functions first.
Table function_table(const FunctionCounts& functions, std::string_view filter);

}  // namespace scaler::view
