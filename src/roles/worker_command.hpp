#pragma once

#include <string>
#include <vector>

#include "scaler/config/options.hpp"

// The command lines by which this program starts itself in other roles.
namespace scaler::roles {

// The running program, whatever became of its file: renamed, replaced or deleted, it is still this
// one. Its children find their role by the name they are given, "scaler", not by the file's.
constexpr const char* own_program = "/proc/self/exe";

// `scaler worker ...`, read back by config::parse_worker into the same options.
std::vector<std::string> worker_command(const config::WorkerOptions& options);

// `scaler zygote --control-fd 3 ...`, for the processors of a worker.
std::vector<std::string> zygote_command(const config::WorkerOptions& options);

}  // namespace scaler::roles
