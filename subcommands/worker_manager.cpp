#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "scaler/roles/roles.hpp"
#include "subcommands/commands.hpp"
#include "subcommands/output.hpp"

// Declared, not included: see zygote.cpp.
namespace scaler::embed {
Result<std::string> executable_of(const std::string& python_env);
}

namespace scaler::subcommands {
namespace {

int run_manager(std::string_view command, const config::WorkerManagerOptions& options,
                const std::vector<config::Note>& notes) {
  if (!config::can_start(options.kind))
    return complain(command, {Errc::usage, fmt::format("{}: not built in yet (baremetal_native and "
                                                       "aws_raw_ecs are)",
                                                       options.kind)});
  if (options.kind != "baremetal_native")  // its workers' Python is elsewhere
    return log_and_run(command, options, options.tuning.event_loop, notes,
                       roles::run_worker_manager);
  // Here once, and not in every worker again and again.
  if (const std::string& other = options.tuning.python; !other.empty()) {
    if (access(other.c_str(), X_OK) != 0)
      return complain(command,
                      {Errc::usage, fmt::format("--python {}: {}", other, std::strerror(errno))});
  } else if (const auto python = embed::executable_of(options.tuning.python_env); !python) {
    return complain(command, python.error());
  }
  return log_and_run(command, options, options.tuning.event_loop, notes, roles::run_worker_manager);
}

}  // namespace

int run_worker_manager(const Arguments& arguments) {
  constexpr std::string_view command = "scaler_worker_manager";
  return run_role<config::WorkerManagerOptions>(
      command, arguments.words(), config::parse_worker_manager,
      [&](const config::WorkerManagerOptions& options, const std::vector<config::Note>& notes) {
        return run_manager(command, options, notes);
      });
}

int run_cluster(const Arguments& arguments) {
  constexpr std::string_view command = "scaler_cluster";
  return run_role<config::WorkerManagerOptions>(
      command, arguments.words(), config::parse_cluster,
      [&](const config::WorkerManagerOptions& options, const std::vector<config::Note>& notes) {
        return run_manager(command, options, notes);
      });
}

}  // namespace scaler::subcommands
