#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

// The program's commands. argv[0] or the first word picks one; each parses its words, runs one role
// and gives the exit code.
namespace scaler::subcommands {

// A command's own argc and argv: argv[0] is its name, however it was spelled.
struct Arguments {
  int argc = 0;
  char** argv = nullptr;

  std::vector<std::string> words() const { return {argv + 1, argv + argc}; }
};

using Entry = int (*)(const Arguments& arguments);

enum class Shown : unsigned char { yes, no };

struct Subcommand {
  std::string_view name;  // scaler NAME
  std::string_view link;  // the same as a symbolic link to the program; empty: none
  std::string_view help;
  Entry entry;
  Shown shown;
};

std::span<const Subcommand> subcommands();
// By its name or its link name; null when there is none.
const Subcommand* find_subcommand(std::string_view name);

// "scaler: unknown command 'x' (did you mean y?)", exit code 2.
int unknown_command(std::string_view word);
// What 'scaler help' prints.
std::string overview();

// SIGTERM and SIGINT wait from the first to the second.
void hold_stop_signals();
void let_stop_signals_through();

// The whole program, after main has made its descriptors and signals safe.
int run_program(int argc, char** argv);

int run_scheduler(const Arguments& arguments);
int run_object_storage_server(const Arguments& arguments);
int run_worker_manager(const Arguments& arguments);
int run_cluster(const Arguments& arguments);
int run_worker(const Arguments& arguments);
int run_zygote(const Arguments& arguments);
int run_top(const Arguments& arguments);
int run_gui(const Arguments& arguments);
// scaler run [options] SCRIPT ..., scaler python ...; the latter also under the name python.
int run_user_program(const Arguments& arguments);
int run_python(const Arguments& arguments);
int run_ui(const Arguments& arguments);
int run_adapter_native(const Arguments& arguments);
int run_adapter_symphony(const Arguments& arguments);
int run_adapter_ecs(const Arguments& arguments);
int run_status(const Arguments& arguments);
int run_workers(const Arguments& arguments);
int run_tasks(const Arguments& arguments);
int run_why(const Arguments& arguments);
int run_drain(const Arguments& arguments);
int run_config(const Arguments& arguments);
int run_completion(const Arguments& arguments);
// scaler FILE.toml: the words are FILE and nothing before it.
int run_launcher(const Arguments& arguments);
int run_help(const Arguments& arguments);
int run_version(const Arguments& arguments);

}  // namespace scaler::subcommands
