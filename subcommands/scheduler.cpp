#include "scaler/roles/roles.hpp"
#include "subcommands/commands.hpp"
#include "subcommands/output.hpp"

namespace scaler::subcommands {

int run_scheduler(const Arguments& arguments) {
  constexpr std::string_view command = "scaler_scheduler";
  return run_role<config::SchedulerOptions>(
      command, arguments.words(), config::parse_scheduler,
      [&](const config::SchedulerOptions& options, const std::vector<config::Note>& notes) {
        return log_and_run(command, options, options.event_loop, notes, roles::run_scheduler);
      });
}

}  // namespace scaler::subcommands
