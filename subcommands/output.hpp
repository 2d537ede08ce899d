#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scaler/base/result.hpp"
#include "scaler/config/commands.hpp"
#include "scaler/config/logging.hpp"
#include "scaler/config/machine.hpp"

namespace scaler::subcommands {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failure = 1;
inline constexpr int exit_usage = 2;

// What was typed makes no sense: exit code 2.
inline Error misuse(std::string text) { return {Errc::usage, std::move(text)}; }

// Writes to standard output; a reader that has gone is no failure. Gives the exit code.
int print(std::string_view text);

// "scaler_scheduler: what is wrong" on standard error, and exit code 2 or 1 by the error's kind.
int complain(std::string_view command, const Error& error);

// Replaces a file's content.
Status write_file(const std::string& path, std::string_view text);

// The same for a longer text as it stands.
int complain_with(std::string_view text);

// Installs log output and says what the configuration had to say.
Status start_logging(const config::LoggingOptions& logging, std::string_view event_loop,
                     const std::vector<config::Note>& notes);

// What every command of a role does: parse, or show help, or complain; start logging; run.
template <class Options, class Parse, class Run>
int run_role(std::string_view command, const std::vector<std::string>& words, Parse parse,
             Run run) {
  Result<config::Command<Options>> parsed = parse(words, config::Machine::real());
  if (!parsed) return complain(command, parsed.error());
  if (!parsed->options) return print(config::help_text(command, config::kind_among(words)));
  return run(*parsed->options, parsed->notes);
}

// The same for a role that only ever logs and runs.
template <class Options>
int log_and_run(std::string_view command, const Options& options, std::string_view event_loop,
                const std::vector<config::Note>& notes, int (*run)(const Options&)) {
  if (Status logging = start_logging(options.logging, event_loop, notes); !logging)
    return complain(command, logging.error());
  return run(options);
}

}  // namespace scaler::subcommands
