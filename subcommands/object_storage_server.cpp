#include "scaler/roles/roles.hpp"
#include "subcommands/commands.hpp"
#include "subcommands/output.hpp"

namespace scaler::subcommands {

int run_object_storage_server(const Arguments& arguments) {
  constexpr std::string_view command = "scaler_object_storage_server";
  return run_role<config::StoreOptions>(
      command, arguments.words(), config::parse_store,
      [&](const config::StoreOptions& options, const std::vector<config::Note>& notes) {
        return log_and_run(command, options, "builtin", notes, roles::run_object_storage_server);
      });
}

}  // namespace scaler::subcommands
