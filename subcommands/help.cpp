#include <array>

#include "subcommands/commands.hpp"
#include "subcommands/output.hpp"
#include "subcommands/versions.hpp"

namespace scaler::subcommands {

namespace {

// scaler help --man FOLDER: every page of the manual, for packages.
int write_man_pages(const std::vector<std::string>& words) {
  if (words.size() != 2)
    return complain("scaler help", {Errc::usage, "one folder is expected: --man FOLDER"});
  for (const config::ManPage& page : config::man_pages(versions::scaler, overview())) {
    const std::string path = fmt::format("{}/{}", words[1], page.file);
    if (Status written = write_file(path, page.text); !written)
      return complain("scaler help", written.error());
  }
  return exit_ok;
}

}  // namespace

std::string overview() {
  std::string text =
      "usage: scaler COMMAND [options]\n"
      "       scaler FILE.toml            start all that the file describes\n\n"
      "A task engine: clients send Python functions, workers run them.\n\ncommands:\n";
  for (const Subcommand& command : subcommands())
    if (command.shown == Shown::yes) text += fmt::format("  {:24}{}\n", command.name, command.help);
  return text +
         "\n'scaler help COMMAND' shows a command's options. A symbolic link named scaler_COMMAND\n"
         "does the same as 'scaler COMMAND'.\n";
}

int run_help(const Arguments& arguments) {
  const std::vector<std::string> words = arguments.words();
  if (words.empty() || words[0] == "-h" || words[0] == "--help") return print(overview());
  if (words[0] == "--markdown") return print(config::help_markdown());
  if (words[0] == "--man") return write_man_pages(words);
  const Subcommand* command = find_subcommand(words[0]);
  if (command == nullptr) return unknown_command(words[0]);
  const std::string text = config::help_text(
      command->link.empty() ? fmt::format("scaler {}", command->name) : std::string(command->link),
      words.size() > 1 ? std::string_view(words[1]) : "");
  if (!text.empty()) return print(text);
  if (command->entry == run_help) return print(overview());
  std::string name(command->name);
  std::string asks = "--help";  // what has no table of options knows its own usage
  std::array<char*, 3> its_words = {name.data(), asks.data(), nullptr};
  return command->entry({2, its_words.data()});
}

int run_version(const Arguments&) {
  return print(fmt::format("scaler {}\nPython {}\nlibuv {}\nCap'n Proto {}\n{} build\n",
                           versions::scaler, versions::python, versions::libuv, versions::capnp,
                           versions::build_type));
}

}  // namespace scaler::subcommands
