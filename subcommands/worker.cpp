#include <sys/prctl.h>

#include "scaler/roles/roles.hpp"
#include "subcommands/commands.hpp"
#include "subcommands/output.hpp"

namespace scaler::subcommands {

int run_worker(const Arguments& arguments) {
  prctl(PR_SET_NAME, "scaler-worker");  // for ps: it was started through /proc/self/exe
  constexpr std::string_view command = "scaler_worker";
  return run_role<config::WorkerOptions>(
      command, arguments.words(), config::parse_worker,
      [&](const config::WorkerOptions& options, const std::vector<config::Note>& notes) {
        return log_and_run(command, options, options.tuning.event_loop, notes, roles::run_worker);
      });
}

}  // namespace scaler::subcommands
