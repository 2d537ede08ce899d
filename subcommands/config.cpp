#include "scaler/config/stack.hpp"
#include "scaler/config/words.hpp"
#include "subcommands/commands.hpp"
#include "subcommands/output.hpp"

namespace scaler::subcommands {
namespace {

constexpr std::string_view config_usage =
    "usage: scaler config check FILE\n"
    "       scaler config show ROLE [options]\n\n"
    "check reads every section of a TOML file and lists all that is wrong, unknown keys included.\n"
    "show prints the value of each option of a role, and whether it comes from the command line,\n"
    "the environment, a line of the file given with --config, or is the default. ROLE is one of\n"
    "scheduler, object_storage_server, worker_manager KIND, cluster, top and gui.\n";

int check(std::span<const std::string> words) {
  if (words.size() != 1)
    return complain("scaler config check",
                    misuse("one file is expected: scaler config check FILE"));
  const config::FileCheck result = config::check_file(words[0], config::Machine::real());
  std::string lines;
  for (const std::string& finding : result.findings) lines += finding + '\n';
  if (!lines.empty()) return complain_with(lines);
  for (const std::string& section : result.sections) lines += section + '\n';
  return print(lines);
}

int show(std::span<const std::string> words) {
  auto text = config::show_options(words, config::Machine::real());
  if (!text) return complain("scaler config show", text.error());
  return print(*text ? **text : std::string(config_usage));
}

}  // namespace

int run_config(const Arguments& arguments) {
  const std::vector<std::string> words = arguments.words();
  if (words.empty()) return complain_with(config_usage);
  const std::span<const std::string> rest = std::span(words).subspan(1);
  if (words[0] == "check") return check(rest);
  if (words[0] == "show") return show(rest);
  if (words[0] == "-h" || words[0] == "--help") return print(config_usage);
  return complain("scaler config", misuse(fmt::format("unknown word '{}' (one of check, show)",
                                                      config::printable(words[0]))));
}

}  // namespace scaler::subcommands
