#pragma once

#include "scaler/base/result.hpp"
#include "scaler/net/process.hpp"

namespace scaler::net {

// Starts a child in the memory of this process (vfork), so that a large process starts children as
// fast as a small one. The child has default signal handling and no descriptor but 0, 1, 2 and
// those of the options.
Result<int> spawn_process(const SpawnOptions& options);

}  // namespace scaler::net
