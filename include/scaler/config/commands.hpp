#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scaler/base/result.hpp"
#include "scaler/config/machine.hpp"
#include "scaler/config/options.hpp"

// From the words behind a command's name to its options. An error is one line of what is wrong,
// where and what is allowed, without the command's name; its exit code is 2.
namespace scaler::config {

// What a command line asks for.
template <class Options>
struct Command {
  std::optional<Options> options;  // none: the help was asked for
  std::vector<Note> notes = {};    // to log once log output is installed
};

Result<Command<SchedulerOptions>> parse_scheduler(std::span<const std::string> words,
                                                  const Machine& machine);
Result<Command<StoreOptions>> parse_store(std::span<const std::string> words,
                                          const Machine& machine);
// The first free word that is a kind's name chooses the kind. Help without a kind has no kind
// either.
Result<Command<WorkerManagerOptions>> parse_worker_manager(std::span<const std::string> words,
                                                           const Machine& machine);
// The older command `scaler_cluster`: a fixed number of native workers.
Result<Command<WorkerManagerOptions>> parse_cluster(std::span<const std::string> words,
                                                    const Machine& machine);
Result<Command<WorkerOptions>> parse_worker(std::span<const std::string> words,
                                            const Machine& machine);
Result<Command<TopOptions>> parse_top(std::span<const std::string> words, const Machine& machine);
Result<Command<GuiOptions>> parse_gui(std::span<const std::string> words, const Machine& machine);
// The older command `scaler_ui`.
Result<Command<GuiOptions>> parse_ui(std::span<const std::string> words, const Machine& machine);
// The older commands `scaler_worker_adapter_KIND`: native, symphony, ecs.
Result<Command<AdapterOptions>> parse_adapter(std::string_view kind,
                                              std::span<const std::string> words,
                                              const Machine& machine);

Result<Command<InquiryOptions>> parse_inquiry(Inquiry about, std::span<const std::string> words,
                                              const Machine& machine);

// "allocate=even_load; scaling=vanilla" for the engine "simple", or for "waterfall_v1" lines of
// "priority,worker_manager_id,max_task_concurrency", where # starts a comment.
Result<PolicyOptions> parse_policy(std::string_view engine, std::string_view content);

// The help of a command by its link name ("scaler_scheduler", "scaler status"), at most 100 columns
// wide; for a worker manager also of one kind. Empty when there is no such command.
std::string help_text(std::string_view command, std::string_view kind = {});
// The kind that stands among a worker manager's words; empty when none does.
std::string kind_among(std::span<const std::string> words);
// A script that completes commands, options and values in "bash", "zsh" or "fish"; empty for
// another shell. `commands` are the program's words, separated by spaces.
std::string completion_script(std::string_view shell, std::string_view commands);
// A page of the manual for the program, and one for each command that has options.
struct ManPage {
  std::string file;  // "scaler_scheduler.1"
  std::string text;
};
// `overview`: what the program's help shows.
std::vector<ManPage> man_pages(std::string_view version, std::string_view overview);
// Every command's options as one Markdown page.
std::string help_markdown();

}  // namespace scaler::config
