#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/help_parts.hpp"
#include "config/tables.hpp"
#include "scaler/config/commands.hpp"

namespace scaler::config {
namespace {

constexpr std::size_t columns_max = 100;
constexpr std::size_t help_column = 6;
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::string line(indent, ' ');
  bool empty = true;
  const auto flush = [&] {
    out += line + '\n';
    line.assign(indent, ' ');
    empty = true;
  };
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    if (!empty && line.size() + 1 + word.size() > columns_max) flush();
    if (!empty) line += ' ';
    line += word;
    empty = false;
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  if (!empty) flush();
  return out;
}

std::string option_text(const Option& option) {
  return fmt::format("  {}\n{}", spelling(option), wrapped(description(option), help_column));
}

std::string table_help(const Table& table) {
  std::string text = fmt::format("{}\n\n{}\n", usage_line(table), wrapped(table.summary, 0));
  for (const Option& option : table.options)
    if (option.positional) text += option_text(option);
  text += "\n  -h, --help\n      show this text\n";
  for (std::string_view group : help_groups()) {
    std::string body;
    for (const Option& option : table.options)
      if (!option.positional && option.group == group) body += option_text(option);
    if (!body.empty()) text += fmt::format("\n{}:\n{}", group, body);
  }
  if (!table.sections.empty()) {
    text += '\n';
    text +=
        wrapped(fmt::format("With --config, values not given here come from {} of that file; a key "
                            "is an option's long name with _ for -.",
                            section_text(table)),
                0);
  }
  if (!table.examples.empty()) text += "\nexamples:\n";
  for (std::string_view example : table.examples) text += fmt::format("  {}\n", example);
  return text;
}

std::string kinds_help() {
  std::string text =
      "usage: scaler_worker_manager KIND [options] SCHEDULER_ADDRESS\n\n"
      "Starts and stops workers as a scheduler needs them. KIND says where they run:\n\n";
  for (const Table& table : manager_tables())
    text += fmt::format("  {:18}{}\n", table.kind, table.summary);
  return text + "\nscaler_worker_manager KIND --help shows the options of one kind.\n";
}

std::string cell(std::string_view text) {
  std::string escaped;
  for (char letter : text) {
    if (letter == '|' || letter == '<') escaped += '\\';
    escaped += letter;
  }
  return escaped;
}

std::string table_markdown(const Table& table) {
  std::string text = fmt::format("\n## {}{}{}\n\n{}\n\n    {}\n\nTOML section: `{}`.\n\n",
                                 table.command, table.kind.empty() ? "" : " ", table.kind,
                                 table.summary, usage_line(table), section_text(table));
  text += "| option | key | default | allowed | meaning |\n|---|---|---|---|---|\n";
  for (const Option& option : table.options) {
    std::string names = option.positional ? fmt::format("`{}`", upper(option.name))
                                          : fmt::format("`--{}`", option.name);
    for (std::string_view word : option.shorts) names += fmt::format(" `-{}`", word);
    for (std::string_view alias : option.aliases)
      names += fmt::format(" `{}`", option.positional ? key_of(alias) : fmt::format("--{}", alias));
    text += fmt::format("| {} | {} | {} | {} | {} |\n", names,
                        option.name == "config" ? "" : fmt::format("`{}`", key_of(option.name)),
                        cell(default_text(option)), cell(expectation(option)), cell(option.help));
  }
  return text;
}

const Table* find_table(std::string_view command) {
  if (command == launcher_table().command) return &launcher_table();
  if (command == worker_table().command) return &worker_table();
  for (const Table* table : all_tables())
    if (table->command == command) return table;
  return nullptr;
}

}  // namespace

std::string help_text(std::string_view command, std::string_view kind) {
  if (command == "scaler_worker_manager") {
    const Table* table = manager_table(kind);
    return table == nullptr ? kinds_help() : table_help(*table);
  }
  const Table* table = find_table(command);
  return table == nullptr ? std::string() : table_help(*table);
}

std::string help_markdown() {
  std::string text =
      "# Commands\n\n"
      "Written by `scaler help --markdown`; change the option tables in `src/config`, not this "
      "page.\n\n"
      "A value is taken from the command line, else from the environment where a variable is "
      "named,\n"
      "else from the TOML file given with `--config`, else it is the default. In TOML, `-` and `_` "
      "in\n"
      "keys are the same. Older spellings stand behind the present one.\n";
  for (const Table* table : all_tables()) text += table_markdown(*table);
  return text;
}

}  // namespace scaler::config
