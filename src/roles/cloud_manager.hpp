#pragma once

#include "scaler/config/options.hpp"

namespace scaler::roles {

// A worker manager whose units are tasks or machines of a cloud; the kind says which. Gives the
// exit code.
int run_cloud_manager(const config::WorkerManagerOptions& options);

}  // namespace scaler::roles
