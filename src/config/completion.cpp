#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "config/option_table.hpp"
#include "config/tables.hpp"
#include "config/text.hpp"
#include "scaler/config/commands.hpp"

namespace scaler::config {
namespace {

constexpr std::string_view shown_roles =
    "scheduler object_storage_server worker_manager cluster top gui";  // by scaler config show

struct Completed {
  std::string path;  // "scheduler", "worker_manager symphony"
  const Table* table;
};

std::vector<Completed> completed_commands() {
  std::vector<Completed> all;
  for (const Table* table : all_tables()) {
    // "scaler_top" and "scaler status" alike, without the program's name.
    std::string path(table->command.substr(std::string_view("scaler_").size()));
    if (!table->kind.empty()) path += fmt::format(" {}", table->kind);
    all.push_back({std::move(path), table});
  }
  return all;
}

bool takes_file(const Option& option) {
  constexpr std::array<std::string_view, 8> files = {
      "config",        "python-env", "python",  "logging-config-file",
      "logging-paths", "tls-cert",   "tls-key", "spill-directory"};
  return std::find(files.begin(), files.end(), option.name) != files.end();
}

// "--name -n --older -o" for every option of a table.
std::string spellings(const Table& table) {
  std::vector<std::string> words;
  for (const Option& option : table.options) {
    if (option.positional) continue;
    words.push_back(fmt::format("--{}", option.name));
    for (std::string_view word : option.shorts) words.push_back(fmt::format("-{}", word));
  }
  words.emplace_back("--help");
  return fmt::format("{}", fmt::join(words, " "));
}

std::string kind_words() {
  std::vector<std::string_view> names;
  for (const Table& table : manager_tables()) names.push_back(table.kind);
  return fmt::format("{}", fmt::join(names, " "));
}

// " scaler_top", when the command has a link of its own that is not there yet.
void add_link(const Table& table, std::string& links) {
  const std::string link = fmt::format(" {}", table.command);
  const bool has_one = table.command.find(' ') == std::string_view::npos;
  if (has_one && (links + ' ').find(link + ' ') == std::string::npos) links += link;
}

// ---- bash ----

// "--mode) values='dynamic fixed';;" for each option with choices, once.
std::string bash_values() {
  std::map<std::string, std::string> by_option;
  std::set<std::string> files;
  for (const Completed& command : completed_commands()) {
    for (const Option& option : command.table->options) {
      std::string names = fmt::format("--{}", option.name);
      for (std::string_view word : option.shorts)
        if (word.size() > 1) names += fmt::format("|-{}", word);
      if (option.type == Type::choice)
        by_option[names] = fmt::format("{}", fmt::join(option.choices, " "));
      if (takes_file(option)) files.insert(names + (option.name == "config" ? "|-c" : ""));
    }
  }
  std::string text;
  for (const auto& [names, choices] : by_option)
    text += fmt::format("    {}) COMPREPLY=($(compgen -W '{}' -- \"$word\")); return ;;\n", names,
                        choices);
  text += fmt::format("    {}) _scaler_files; return ;;\n", fmt::join(files, "|"));
  return text;
}

std::string bash_script(std::string_view commands) {
  std::string options;
  std::string links = "scaler";
  for (const Completed& command : completed_commands()) {
    options += fmt::format("    '{}') options='{}' ;;\n", command.path, spellings(*command.table));
    add_link(*command.table, links);
  }
  return fmt::format(
      R"(# bash completion for scaler: source <(scaler completion bash)
# Names as they are, spaces included; a folder goes on with what is in it.
_scaler_files() {{
  local IFS=$'\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY+=($(compgen -f "$@" -- "$word") $(compgen -d -- "$word"))
}}
_scaler() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
  local command="${{COMP_WORDS[0]##*/}}" first=1 options='' i
  if [[ $command == scaler_* ]]; then
    command="${{command#scaler_}}"
  else
    if (( COMP_CWORD == 1 )); then
      COMPREPLY=($(compgen -W '{commands}' -- "$word"))
      (( ${{#COMPREPLY[@]}} )) || _scaler_files -X '!*.toml'
      return
    fi
    command="${{COMP_WORDS[1]#scaler_}}"
    first=2
  fi
  case "$before" in
{values}  esac
  case "$command" in
    config)
      (( COMP_CWORD == first )) && {{ COMPREPLY=($(compgen -W 'check show' -- "$word")); return; }}
      [[ ${{COMP_WORDS[first]}} == show ]] || {{ _scaler_files; return; }}
      first=$((first + 1))
      (( COMP_CWORD == first )) && {{ COMPREPLY=($(compgen -W '{roles}' -- "$word")); return; }}
      command="${{COMP_WORDS[first]}}"
      first=$((first + 1)) ;;
    completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$word")); return ;;
    help) COMPREPLY=($(compgen -W '{commands} {kinds}' -- "$word")); return ;;
  esac
  if [[ $command == worker_manager ]]; then
    for (( i = first; i < COMP_CWORD; i++ )); do
      [[ " {kinds} " == *" ${{COMP_WORDS[i]}} "* ]] && command="worker_manager ${{COMP_WORDS[i]}}"
    done
    if [[ $command == worker_manager ]]; then
      COMPREPLY=($(compgen -W '{kinds}' -- "$word"))
      return
    fi
  fi
  case "$command" in
{options}  esac
  COMPREPLY=($(compgen -W "$options" -- "$word"))
}}
complete -o bashdefault -F _scaler {links}
)",
      fmt::arg("commands", commands), fmt::arg("values", bash_values()),
      fmt::arg("kinds", kind_words()), fmt::arg("options", options), fmt::arg("links", links),
      fmt::arg("roles", shown_roles));
}

// ---- zsh ----

// Fit for a single-quoted _arguments specification.
std::string zsh_text(std::string_view text) {
  std::string safe;
  for (char letter : text) {
    if (letter == '[' || letter == ']' || letter == ':' || letter == '\\') safe += '\\';
    safe += letter == '\'' ? '"' : letter;
  }
  return safe;
}

std::string zsh_action(const Option& option) {
  if (option.type == Type::flag) return {};
  if (option.type == Type::choice)
    return fmt::format(":value:({})", fmt::join(option.choices, " "));
  return takes_file(option) ? ":file:_files" : ":value: ";
}

std::string zsh_options(const Table& table) {
  std::string text;
  for (const Option& option : table.options) {
    if (option.positional) continue;
    const std::string rest = fmt::format("[{}]{}", zsh_text(option.help), zsh_action(option));
    text += fmt::format(" \\\n        '--{}{}'", option.name, rest);
    for (std::string_view word : option.shorts)
      text += fmt::format(" \\\n        '-{}{}'", word, rest);
  }
  return text;
}

std::string zsh_script(std::string_view commands) {
  std::string cases;
  std::string links = "scaler";
  for (const Completed& command : completed_commands()) {
    cases += fmt::format("    '{}')\n      _arguments -S{} '*: :()'\n      ;;\n", command.path,
                         zsh_options(*command.table));
    add_link(*command.table, links);
  }
  return fmt::format(
      R"(#compdef {links}
# zsh completion for scaler: put it as _scaler into a folder of $fpath
_scaler() {{
  local command="${{words[1]:t}}" first=2 kind
  if [[ $command == scaler_* ]]; then
    command="${{command#scaler_}}"
  else
    if (( CURRENT == 2 )); then
      compadd -- {commands}
      _path_files -g '*.toml'
      _path_files -/
      return
    fi
    command="${{words[2]#scaler_}}"
    first=3
  fi
  case "$command" in
    config)
      (( CURRENT == first )) && {{ compadd -- check show; return }}
      [[ ${{words[first]}} == show ]] || {{ _files; return }}
      (( CURRENT == first + 1 )) && {{ compadd -- {roles}; return }}
      command="${{words[first+1]}}" ;;
    completion) compadd -- bash zsh fish; return ;;
    help) compadd -- {commands} {kinds}; return ;;
  esac
  if [[ $command == worker_manager ]]; then
    for kind in {kinds}; do
      (( ${{words[(Ie)$kind]}} )) && command="worker_manager $kind"
    done
    [[ $command == worker_manager ]] && {{ compadd -- {kinds}; return }}
  fi
  case "$command" in
{cases}  esac
}}
compdef _scaler {links}
)",
      fmt::arg("links", links), fmt::arg("commands", commands), fmt::arg("kinds", kind_words()),
      fmt::arg("cases", cases), fmt::arg("roles", shown_roles));
}

// ---- fish ----

std::string fish_text(std::string_view text) {
  std::string safe;
  for (char letter : text) {
    if (letter == '\'' || letter == '\\') safe += '\\';
    safe += letter;
  }
  return safe;
}

std::string fish_option(const std::string& condition, const Option& option) {
  std::string line = fmt::format("complete -c scaler -n '{}' -l {}", condition, option.name);
  for (std::string_view word : option.shorts)
    line += fmt::format(" -{} {}", word.size() == 1 ? 's' : 'o', word);
  if (option.type == Type::choice) {
    line += fmt::format(" -x -a '{}'", fmt::join(option.choices, " "));
  } else if (takes_file(option)) {
    line += " -r -F";
  } else if (option.type != Type::flag) {
    line += " -x";
  }
  return line + fmt::format(" -d '{}'\n", fish_text(option.help));
}

std::string fish_script(std::string_view commands) {
  std::string text = fmt::format(
      "# fish completion for scaler: scaler completion fish | source\n"
      "complete -c scaler -n __fish_use_subcommand -f -a '{0}'\n"
      "complete -c scaler -n __fish_use_subcommand -k -a '(__fish_complete_suffix .toml)'\n"
      "complete -c scaler -n '__fish_seen_subcommand_from config; and not "
      "__fish_seen_subcommand_from check show' -f -a 'check show'\n"
      "complete -c scaler -n '__fish_seen_subcommand_from show' -f -a '{2}'\n"
      "complete -c scaler -n '__fish_seen_subcommand_from help' -f -a '{0}'\n"
      "complete -c scaler -n '__fish_seen_subcommand_from completion' -x -a 'bash zsh fish'\n"
      "complete -c scaler -n '__fish_seen_subcommand_from worker_manager' -f -a '{1}'\n",
      commands, kind_words(), shown_roles);
  for (const Completed& command : completed_commands()) {
    const std::string last = command.path.substr(command.path.rfind(' ') + 1);
    const std::string condition = fmt::format("__fish_seen_subcommand_from {}", last);
    for (const Option& option : command.table->options)
      if (!option.positional) text += fish_option(condition, option);
  }
  // A link completes as the word does that it stands for.
  std::string links;
  for (const Completed& command : completed_commands()) add_link(*command.table, links);
  for (const std::string& link : split_at(links, ' '))
    if (!link.empty())
      text += fmt::format("complete -c {} -w 'scaler {}'\n", link,
                          link.substr(std::string_view("scaler_").size()));
  return text;
}

}  // namespace

std::string completion_script(std::string_view shell, std::string_view commands) {
  if (shell == "bash") return bash_script(commands);
  if (shell == "zsh") return zsh_script(commands);
  if (shell == "fish") return fish_script(commands);
  return {};
}

}  // namespace scaler::config
