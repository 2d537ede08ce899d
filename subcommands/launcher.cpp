#include "scaler/config/stack.hpp"
#include "scaler/roles/roles.hpp"
#include "subcommands/commands.hpp"
#include "subcommands/output.hpp"

namespace scaler::subcommands {

int run_launcher(const Arguments& arguments) {
  constexpr std::string_view command = "scaler";
  return run_role<config::StackOptions>(
      command, arguments.words(), config::parse_stack,
      [&](const config::StackOptions& options, const std::vector<config::Note>& notes) {
        if (Status logging = config::install_logging({}, "launcher"); !logging)
          return complain(command, logging.error());
        for (const config::Note& note : notes) log::at(note.level, "{}", note.text);
        return roles::run_launcher(options);
      });
}

}  // namespace scaler::subcommands
