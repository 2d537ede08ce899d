#include "subcommands/commands.hpp"
#include "subcommands/output.hpp"

namespace scaler::subcommands {
namespace {

// Checks what was typed all the same: a wrong option is told before a missing screen.
template <class Options, class Parse>
int check_only(std::string_view command, const Arguments& arguments, Parse parse) {
  return run_role<Options>(command, arguments.words(), parse,
                           [&](const Options&, const std::vector<config::Note>&) {
                             return complain(command, {Errc::usage, "not built in yet"});
                           });
}

}  // namespace

int run_top(const Arguments& arguments) {
  return check_only<config::TopOptions>("scaler_top", arguments, config::parse_top);
}

}  // namespace scaler::subcommands
