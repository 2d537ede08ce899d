#include "scaler/config/words.hpp"
#include "subcommands/commands.hpp"
#include "subcommands/output.hpp"

namespace scaler::subcommands {

int run_completion(const Arguments& arguments) {
  constexpr std::string_view command = "scaler completion";
  const std::vector<std::string> words = arguments.words();
  if (words.size() != 1)
    return complain(command, {Errc::usage, "one shell is expected: bash, zsh or fish"});
  if (words[0] == "-h" || words[0] == "--help")
    return print(
        "usage: scaler completion bash|zsh|fish\n\n"
        "Writes a script that completes commands, options and values. For bash, put\n"
        "    source <(scaler completion bash)\n"
        "into ~/.bashrc; for zsh, write it as _scaler into a folder of $fpath; for fish, as\n"
        "~/.config/fish/completions/scaler.fish.\n");
  std::string names;
  for (const Subcommand& one : subcommands())
    if (one.shown == Shown::yes || one.name == "top" || one.name == "gui")
      names += fmt::format("{}{}", names.empty() ? "" : " ", one.name);
  const std::string script = config::completion_script(words[0], names);
  if (script.empty())
    return complain(command,
                    {Errc::usage, fmt::format("unknown shell '{}' (one of bash, zsh, fish)",
                                              config::printable(words[0]))});
  return print(script);
}

}  // namespace scaler::subcommands
