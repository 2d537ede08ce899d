#include "scaler/roles/roles.hpp"
#include "subcommands/commands.hpp"
#include "subcommands/output.hpp"

// The older commands that serve workers over HTTP.
namespace scaler::subcommands {
namespace {

int run_adapter(std::string_view kind, std::string_view successor, const Arguments& arguments) {
  const std::string command = fmt::format("scaler_worker_adapter_{}", kind);
  return run_role<config::AdapterOptions>(
      command, arguments.words(),
      [&](std::span<const std::string> words, const config::Machine& machine) {
        return config::parse_adapter(kind, words, machine);
      },
      [&](const config::AdapterOptions&, const std::vector<config::Note>&) {
        return complain(command, {Errc::usage, fmt::format("not built in yet; start "
                                                           "scaler_worker_manager {} instead",
                                                           successor)});
      });
}

}  // namespace

int run_adapter_native(const Arguments& arguments) {
  constexpr std::string_view command = "scaler_worker_adapter_native";
  return run_role<config::AdapterOptions>(
      command, arguments.words(),
      [&](std::span<const std::string> words, const config::Machine& machine) {
        return config::parse_adapter("native", words, machine);
      },
      [&](const config::AdapterOptions& options, const std::vector<config::Note>& notes) {
        return log_and_run(command, options, options.tuning.event_loop, notes,
                           roles::run_worker_adapter);
      });
}

int run_adapter_symphony(const Arguments& arguments) {
  return run_adapter("symphony", "symphony", arguments);
}

int run_adapter_ecs(const Arguments& arguments) {
  return run_adapter("ecs", "aws_raw_ecs", arguments);
}

}  // namespace scaler::subcommands
