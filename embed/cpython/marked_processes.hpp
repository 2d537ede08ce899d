#pragma once

#include <string_view>

namespace scaler::embed {

// Ends all processes of this session whose environment had the worker's mark when they were started
// (agent::worker_mark_variable), but this one: by SIGTERM, and a second later by SIGKILL. Returns
// when none is left, or after a few seconds. Each is signalled through a descriptor of its own, so
// a number that was given to another process meanwhile harms nobody.
void end_marked_processes(std::string_view mark);

}  // namespace scaler::embed
