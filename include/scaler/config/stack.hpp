#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "scaler/base/result.hpp"
#include "scaler/config/commands.hpp"
#include "scaler/config/machine.hpp"

// One TOML file that describes a whole stack: what the launcher starts from it.
namespace scaler::config {

enum class Part : std::uint8_t { object_storage_server, scheduler, worker_manager, screen };

// One process of a stack. All that its section says is in `words` and `environment`, so that it
// need not read the file again.
struct StackProcess {
  std::string name;  // "scheduler", "store", "cluster", "gui", or a worker manager's id
  Part part = Part::scheduler;
  std::vector<std::string> words;  // the command and its options, without the program
  // Values that no list of processes may show.
  std::vector<std::pair<std::string, std::string>> environment = {};
  bool shares_stream = false;  // its log lines stand among those of another process
};

struct StackOptions {
  std::string file;
  std::vector<StackProcess> processes;  // in the order in which they start
};

// The words behind `scaler`: FILE, or --config FILE. Every section is read and checked before
// anything is returned; an error is the first of them and says how many others there are.
Result<Command<StackOptions>> parse_stack(std::span<const std::string> words,
                                          const Machine& machine);

// What is wrong in a file, whatever a role would only warn about included.
struct FileCheck {
  std::vector<std::string> sections;  // "a.toml:3: [scheduler]: ok"
  std::vector<std::string> findings;  // by line: "a.toml:4: protectd: unknown key in [scheduler]"
};
FileCheck check_file(const std::string& file, const Machine& machine);

// The words behind `scaler config show`: a role and its options. One line for each option: its
// value, and where that was said. Without a value: nothing but help was asked for.
Result<std::optional<std::string>> show_options(std::span<const std::string> words,
                                                const Machine& machine);

}  // namespace scaler::config
