#pragma once

#include "scaler/config/options.hpp"

// Each runs one role to its end and gives the exit code: 0 a wanted stop, 1 a failure at run time,
// which has been logged in one line. The only place where cores meet sockets.
namespace scaler::roles {

int run_scheduler(const config::SchedulerOptions& options);
int run_object_storage_server(const config::StoreOptions& options);
int run_worker(const config::WorkerOptions& options);
int run_worker_manager(const config::WorkerManagerOptions& options);

}  // namespace scaler::roles
