#include "subcommands/commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "scaler/config/words.hpp"
#include "subcommands/output.hpp"

namespace scaler::subcommands {
namespace {

constexpr std::array table = {
    Subcommand{"scheduler", "scaler_scheduler", "receive tasks and give them to workers",
               run_scheduler, Shown::yes},
    Subcommand{"object_storage_server", "scaler_object_storage_server",
               "keep the bytes of functions, arguments and results", run_object_storage_server,
               Shown::yes},
    Subcommand{"worker_manager", "scaler_worker_manager", "start and stop workers of one kind",
               run_worker_manager, Shown::yes},
    Subcommand{"cluster", "scaler_cluster", "run a fixed number of local workers (older command)",
               run_cluster, Shown::yes},
    Subcommand{"run", "", "run a Python program, with workers of its own if wanted",
               run_user_program, Shown::yes},
    Subcommand{"python", "", "run the Python that this program embeds", run_python, Shown::yes},
    Subcommand{"status", "", "show what a running scheduler has", run_status, Shown::yes},
    Subcommand{"workers", "", "list a scheduler's workers", run_workers, Shown::yes},
    Subcommand{"tasks", "", "list a scheduler's unfinished tasks", run_tasks, Shown::yes},
    Subcommand{"why", "", "say what a task is waiting for", run_why, Shown::yes},
    Subcommand{"drain", "", "take a worker out of service without losing work", run_drain,
               Shown::yes},
    Subcommand{"config", "", "check a configuration file, or show a role's effective options",
               run_config, Shown::yes},
    Subcommand{"completion", "", "write a completion script for bash, zsh or fish", run_completion,
               Shown::yes},
    Subcommand{"help", "", "show this table, or the options of a command", run_help, Shown::yes},
    Subcommand{"version", "", "show the versions of the program and its parts", run_version,
               Shown::yes},
    Subcommand{"top", "scaler_top", "show a scheduler's state in the terminal", run_top,
               Shown::yes},
    Subcommand{"gui", "scaler_gui", "show a scheduler's state in a web page", run_gui, Shown::yes},
    Subcommand{"ui", "scaler_ui", "the same, older command", run_ui, Shown::no},
    Subcommand{"worker_adapter_native", "scaler_worker_adapter_native",
               "local workers driven over HTTP (older command)", run_adapter_native, Shown::no},
    Subcommand{"worker_adapter_symphony", "scaler_worker_adapter_symphony",
               "Symphony workers driven over HTTP (older command)", run_adapter_symphony,
               Shown::no},
    Subcommand{"worker_adapter_ecs", "scaler_worker_adapter_ecs",
               "ECS workers driven over HTTP (older command)", run_adapter_ecs, Shown::no},
    Subcommand{"worker", "scaler_worker", "run one worker; its manager starts it", run_worker,
               Shown::no},
    Subcommand{"zygote", "", "fork processors; a worker starts it", run_zygote, Shown::no},
};

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// A role takes SIGTERM and SIGINT as events, from its first moment on: main has blocked them, and
// the role's handlers let them through. Every other command is ended by them as any program.
int enter(Entry entry, const Arguments& arguments) {
  constexpr std::array roles = {run_adapter_native,
                                run_scheduler,
                                run_object_storage_server,
                                run_worker_manager,
                                run_cluster,
                                run_worker,
                                run_gui,
                                run_ui,
                                run_launcher};
  if (std::find(roles.begin(), roles.end(), entry) == roles.end()) let_stop_signals_through();
  return entry(arguments);
}

// `scaler scheduler --version` and `scaler_scheduler --version` tell the program's; `scaler
// python --version` is Python's to answer.
int run_one(const Subcommand& command, const Arguments& arguments) {
  const bool asks_version = !command.link.empty() && arguments.argc == 2 &&
                            arguments.argv[1] == std::string_view("--version");
  return asks_version ? run_version(arguments) : enter(command.entry, arguments);
}

// A link named like none of the commands. The plain program may carry a suffix, as in scaler-0.1.
int run_linked(std::string_view name, const Arguments& arguments) {
  if (const Subcommand* command = find_subcommand(name); command != nullptr)
    return run_one(*command, arguments);
  std::string links;
  for (const Subcommand& command : table)
    if (command.shown == Shown::yes && !command.link.empty())
      links += fmt::format("{}{}", links.empty() ? "" : ", ", command.link);
  return complain(name, misuse(fmt::format("no command has this name; link the program as scaler "
                                           "or as one of {}",
                                           links)));
}

// A file that is there, or that is spelled like one. ./name forces a file.
bool looks_like_file(std::string_view word) {
  return word.ends_with(".toml") || word.find('/') != std::string_view::npos ||
         (!word.empty() && word[0] != '-' && access(std::string(word).c_str(), F_OK) == 0);
}

bool names_file_by_option(std::string_view word) {
  return word == "-c" || word.starts_with("-c=") || word == "--config" ||
         word.starts_with("--config=");
}

}  // namespace

std::span<const Subcommand> subcommands() { return table; }

const Subcommand* find_subcommand(std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const Subcommand& command) {
    return command.name == name || (!command.link.empty() && command.link == name);
  });
  return found == table.end() ? nullptr : &*found;
}

int unknown_command(std::string_view word) {
  std::vector<std::string> names;
  for (const Subcommand& command : table)
    if (command.shown == Shown::yes) names.emplace_back(command.name);
  const std::string close = config::nearest(word, names);
  return complain(
      "scaler",
      misuse(fmt::format(
          "unknown command '{}', and no such file ({})", config::printable(word),
          close.empty() ? "'scaler help' lists them" : fmt::format("did you mean {}?", close))));
}

int run_program(int argc, char** argv) {
  const std::string_view program = argc > 0 ? base_name(argv[0]) : "scaler";
  if (program.starts_with("python")) return run_python({argc, argv});
  if (program != "scaler" && !program.starts_with("scaler-") && !program.starts_with("scaler."))
    return run_linked(program, {argc, argv});
  if (argc < 2) return complain_with(overview());
  const std::string_view word = argv[1];
  const Arguments rest{argc - 1, argv + 1};
  if (word == "-h" || word == "--help") return run_help({1, argv});
  if (word == "--version") return run_version(rest);
  if (const Subcommand* command = find_subcommand(word); command != nullptr)
    return run_one(*command, rest);
  if (names_file_by_option(word) || looks_like_file(word)) return enter(run_launcher, {argc, argv});
  return unknown_command(word);
}

}  // namespace scaler::subcommands
