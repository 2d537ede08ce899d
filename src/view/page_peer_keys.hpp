#pragma once

#include "scaler/view/cluster_view.hpp"
#include "scaler/view/task_history.hpp"
#include "view/json_object.hpp"
#include "view/page_rows.hpp"

namespace scaler::view {

// What a snapshot of release 2.0.9 has and our page does not need, for scripts that read it:
// processors by manager, the task log, memory over time, and the settings that it began with.
void add_peer_keys(JsonObject& snapshot, const ClusterView& cluster, const PeakMemory& peaks,
                   const TaskHistory& history, WallMs now);

}  // namespace scaler::view
