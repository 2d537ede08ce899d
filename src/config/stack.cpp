#include "scaler/config/stack.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/option_groups.hpp"
#include "config/settings.hpp"
#include "config/stack_reader.hpp"
#include "config/tables.hpp"

namespace scaler::config {
namespace {

Result<std::string> file_of(const Settings& settings) {
  const bool positional = settings.has("file");
  if (positional && settings.has("config"))
    return Error{Errc::usage, "the file is given twice, as a word and by --config"};
  if (!positional && !settings.has("config"))
    return Error{Errc::usage, "the file is missing: scaler FILE.toml"};
  return settings.text(positional ? "file" : "config");
}

Error nothing_to_start(const std::string& file, const StackReading& reading) {
  if (reading.sections.empty())
    return {Errc::usage,
            fmt::format("{}: none of the sections [object_storage_server], [scheduler], "
                        "[[worker_manager]] and [cluster] is in it",
                        file)};
  const StackReading::Section& first = reading.sections.front();
  return {Errc::usage,
          fmt::format("{}: nothing to start from it ({}: {})", file, first.title, first.remark)};
}

}  // namespace

const Table& launcher_table() {
  static const Table table{
      .command = "scaler",
      .summary =
          "Starts the object storage server, the scheduler and the worker managers that one "
          "TOML file describes, and stops them together.",
      .sections = {},
      .options = {{.name = "file",
                   .need = Need::not_empty,
                   .fallback_why = "required, or --config",
                   .help = "a TOML file with sections for the roles to start",
                   .positional = true},
                  {.name = "config",
                   .shorts = {"c"},
                   .need = Need::not_empty,
                   .group = file_group,
                   .help = "the same"}},
      .examples = {"scaler cluster.toml",
                   "scaler ./scheduler  (a file, although a command has "
                   "that name)"}};
  return table;
}

Result<Command<StackOptions>> parse_stack(std::span<const std::string> words,
                                          const Machine& machine) {
  SCALER_TRY(given, resolve_command_line(launcher_table(), words));
  if (given.help) return Command<StackOptions>{};
  SCALER_TRY(file, file_of(given.settings));
  SCALER_TRY(document, open_document(file, machine));
  StackReading reading = read_stack(document, machine);
  if (!reading.errors.empty()) return first_of(std::move(reading.errors), file);
  if (reading.processes.empty()) return nothing_to_start(file, reading);
  std::vector<Note> notes = std::move(reading.notes);
  notes.insert(notes.end(), reading.skipped.begin(), reading.skipped.end());
  return Command<StackOptions>{StackOptions{std::move(file), std::move(reading.processes)},
                               std::move(notes)};
}

FileCheck check_file(const std::string& file, const Machine& machine) {
  FileCheck check;
  auto document = open_document(file, machine);
  if (!document) {
    check.findings.push_back(std::move(document.error().text));
    return check;
  }
  const StackReading reading = read_stack(*document, machine);
  for (const Error& error : reading.errors) check.findings.push_back(error.text);
  for (const Note& note : reading.notes) check.findings.push_back(note.text);
  std::stable_sort(check.findings.begin(), check.findings.end(),
                   [&](const std::string& left, const std::string& right) {
                     return finding_line(left, file) < finding_line(right, file);
                   });
  for (const StackReading::Section& section : reading.sections)
    check.sections.push_back(fmt::format("{}:{}: {}: ok{}{}", file, section.line, section.title,
                                         section.remark.empty() ? "" : ", ", section.remark));
  if (check.findings.empty() && check.sections.empty())
    check.findings.push_back(fmt::format("{}: no section that a command reads", file));
  return check;
}

}  // namespace scaler::config
