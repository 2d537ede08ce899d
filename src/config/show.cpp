#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/conversions.hpp"
#include "config/rewrite.hpp"
#include "config/settings.hpp"
#include "config/tables.hpp"
#include "scaler/config/stack.hpp"
#include "scaler/config/words.hpp"

namespace scaler::config {
namespace {

struct Row {
  std::string name;
  std::string value;
  std::string origin;
};

// "a.toml:3: io_threads" -> "a.toml:3"
std::string file_and_line(const std::string& place) { return place.substr(0, place.rfind(": ")); }

std::string origin_of(const Settings::Entry& entry) {
  switch (entry.origin) {
    case Origin::command_line:
      return "command line";
    case Origin::environment:
      return fmt::format("environment {}", entry.place);
    case Origin::toml:
      return file_and_line(entry.place);
    case Origin::fallback:
      break;
  }
  return "default";
}

std::string value_of(const Option& option, const Value& value) {
  // What may come from the environment is a secret of its user.
  if (!option.environment.empty()) return "(not shown)";
  std::string text;
  for (const std::string& word : texts_of(value))
    text += fmt::format("{}{}", text.empty() ? "" : " ", printable(word));
  if (text.empty()) return "(empty)";
  return option.unit.empty() ? text : fmt::format("{} {}", text, option.unit);
}

Row row_of(const Option& option, const Settings& settings) {
  Row row{key_of(option.name), {}, "default"};
  if (const Settings::Entry* entry = settings.find(option.name)) {
    row.value = value_of(option, entry->value);
    row.origin = origin_of(*entry);
  } else {
    row.value = fmt::format("({})", option.fallback_why.empty() ? "none" : option.fallback_why);
  }
  return row;
}

std::string aligned(const std::vector<Row>& rows) {
  constexpr std::size_t value_columns_max = 48;  // a longer one moves only its own line
  std::size_t name_columns = 0;
  std::size_t value_columns = 0;
  for (const Row& row : rows) {
    name_columns = std::max(name_columns, row.name.size());
    if (row.value.size() <= value_columns_max)
      value_columns = std::max(value_columns, row.value.size());
  }
  std::string text;
  for (const Row& row : rows)
    text += fmt::format("{:{}}  {:{}}  {}\n", row.name, name_columns, row.value, value_columns,
                        row.origin);
  return text;
}

// What a role would say about its options, and what it makes of a computed default.
void complete(const Table& table, const Machine& machine, Resolved& resolved) {
  if (&table == &store_table()) store_of(resolved.settings, resolved.notes);
  const bool is_cluster = &table == &cluster_table();
  if (!is_cluster && table.kind.empty()) return;
  const auto options = is_cluster ? cluster_of(resolved.settings, machine, resolved.notes)
                                  : manager_of(table, resolved.settings, machine, resolved.notes);
  if (!resolved.settings.has("max-task-concurrency"))
    resolved.settings.set("max-task-concurrency",
                          {options.max_task_concurrency, Origin::fallback, {}});
}

Result<const Table*> table_of(std::vector<std::string>& words) {
  static const std::vector<std::string> roles = {"scheduler",
                                                 "object_storage_server",
                                                 "worker_manager",
                                                 "cluster",
                                                 "top",
                                                 "gui",
                                                 "ui",
                                                 "worker_adapter_native",
                                                 "worker_adapter_symphony",
                                                 "worker_adapter_ecs"};
  const std::string all = fmt::format("{}", fmt::join(roles, ", "));
  if (words.empty()) return Error{Errc::usage, fmt::format("the role is missing (one of {})", all)};
  const std::string role = words[0];
  words.erase(words.begin());
  if (role == "worker_manager") {
    const std::string kind = take_kind(manager_tables(), words);
    if (const Table* table = manager_table(kind)) return table;
    return unknown_kind(kind);
  }
  for (const Table* table : all_tables())
    if (table->command == "scaler_" + role) return table;
  const std::string close = nearest(role, roles);
  return Error{Errc::usage,
               fmt::format("unknown role '{}' ({}one of {})", printable(role),
                           close.empty() ? "" : fmt::format("did you mean {}? ", close), all)};
}

}  // namespace

Result<std::optional<std::string>> show_options(std::span<const std::string> words,
                                                const Machine& machine) {
  std::vector<std::string> rest(words.begin(), words.end());
  SCALER_TRY(table, table_of(rest));
  SCALER_TRY(resolved, resolve(*table, rest, machine));
  if (resolved.help) return std::optional<std::string>();
  complete(*table, machine, resolved);
  std::vector<Row> rows;
  for (const Option& option : table->options)
    if (option.name != "config") rows.push_back(row_of(option, resolved.settings));
  std::string text = aligned(rows);
  for (const Note& note : resolved.notes) text += fmt::format("note: {}\n", note.text);
  return std::optional<std::string>(std::move(text));
}

}  // namespace scaler::config
