#include "scaler/roles/roles.hpp"
#include "subcommands/commands.hpp"
#include "subcommands/output.hpp"

namespace scaler::subcommands {

int run_top(const Arguments& arguments) {
  constexpr std::string_view command = "scaler_top";
  return run_role<config::TopOptions>(
      command, arguments.words(), config::parse_top,
      [&](const config::TopOptions& options, const std::vector<config::Note>&) {
        auto shown = roles::run_top(options);
        return shown ? print(*shown) : complain(command, shown.error());
      });
}

}  // namespace scaler::subcommands
