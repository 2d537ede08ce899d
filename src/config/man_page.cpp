#include <fmt/format.h>

#include <algorithm>

#include "config/help_parts.hpp"
#include "config/tables.hpp"
#include "scaler/config/commands.hpp"

// Pages for man(1), in the macros of man(7), from the same tables as the help.
namespace scaler::config {
namespace {

// Backslashes and hyphens as they were typed; a line must not begin with a macro's mark.
std::string escaped(std::string_view text) {
  std::string out;
  for (char letter : text) {
    if (out.empty() && (letter == '.' || letter == '\'')) out += "\\&";
    if (letter == '\\')
      out += "\\e";
    else if (letter == '-')
      out += "\\-";
    else
      out += letter;
  }
  return out;
}

std::string file_name(const Table& table) {
  std::string name(table.command);
  std::replace(name.begin(), name.end(), ' ', '-');
  return name + ".1";
}

std::string heading(std::string_view page, std::string_view version) {
  std::string title(page.substr(0, page.size() - 2));
  std::transform(title.begin(), title.end(), title.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
  return fmt::format(".TH {} 1 \"\" \"scaler {}\" \"scaler\"\n", escaped(title), version);
}

std::string option_entry(const Option& option) {
  return fmt::format(".TP\n.B {}\n{}\n", escaped(spelling(option)), escaped(description(option)));
}

std::string options_of(const Table& table) {
  std::string text;
  for (const Option& option : table.options)
    if (option.positional) text += option_entry(option);
  text += ".TP\n.B \\-h, \\-\\-help\nshow a summary\n";
  for (std::string_view group : help_groups()) {
    std::string body;
    for (const Option& option : table.options)
      if (!option.positional && option.group == group) body += option_entry(option);
    if (!body.empty()) text += fmt::format(".SS {}\n{}", escaped(group), body);
  }
  return text;
}

std::string examples_of(const Table& table) {
  std::string text;
  for (std::string_view example : table.examples)
    text += fmt::format(".PP\n.nf\n.RS\n{}\n.RE\n.fi\n", escaped(example));
  return text;
}

constexpr std::string_view ends =
    ".SH EXIT STATUS\n0: a wanted end. 1: a failure at run time. 2: wrong usage or configuration.\n"
    ".SH SEE ALSO\n.BR scaler (1)\n";

std::string usage_of(const Table& table) {
  const std::string line = usage_line(table);
  return escaped(std::string_view(line).substr(std::string_view("usage: ").size()));
}

std::string page_of(const Table& table, std::string_view version) {
  std::string text = heading(file_name(table), version);
  text += fmt::format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n.B {}\n.SH DESCRIPTION\n{}\n",
                      escaped(table.command), escaped(table.summary), usage_of(table),
                      escaped(table.summary));
  if (!table.sections.empty())
    text += fmt::format(".PP\nTOML section: {}.\n", escaped(section_text(table)));
  text += ".SH OPTIONS\n" + options_of(table);
  if (!table.examples.empty()) text += ".SH EXAMPLES\n" + examples_of(table);
  return text + std::string(ends);
}

// All kinds of worker managers share one page: only some of their options differ.
std::string managers_page(std::string_view version) {
  std::string text = heading("scaler_worker_manager.1", version);
  text +=
      ".SH NAME\nscaler_worker_manager \\- start and stop workers as a scheduler needs them\n"
      ".SH SYNOPSIS\n";
  for (const Table& table : manager_tables()) text += fmt::format(".B {}\n.br\n", usage_of(table));
  text += ".SH DESCRIPTION\nThe first word says where the workers run.\n";
  for (const Table& table : manager_tables())
    text += fmt::format(".TP\n.B {}\n{}\n", escaped(table.kind), escaped(table.summary));
  for (const Table& table : manager_tables())
    text += fmt::format(".SH OPTIONS OF {}\nTOML section: {}.\n{}{}", upper(table.kind),
                        escaped(section_text(table)), options_of(table), examples_of(table));
  return text + std::string(ends);
}

std::string program_page(std::string_view version, std::string_view overview) {
  std::string text = heading("scaler.1", version);
  text += ".SH NAME\nscaler \\- a task engine: clients send Python functions, workers run them\n";
  text += ".SH SYNOPSIS\n.B scaler FILE.toml\n.br\n.B scaler COMMAND [options]\n";
  text +=
      fmt::format(".SH DESCRIPTION\n{}\n.SH COMMANDS\n.nf\n", escaped(launcher_table().summary));
  while (!overview.empty()) {
    const std::size_t end = std::min(overview.find('\n'), overview.size());
    text += escaped(overview.substr(0, end)) + '\n';
    overview.remove_prefix(std::min(end + 1, overview.size()));
  }
  return text + ".fi\n" + std::string(ends);
}

}  // namespace

std::vector<ManPage> man_pages(std::string_view version, std::string_view overview) {
  std::vector<ManPage> pages = {{"scaler.1", program_page(version, overview)},
                                {"scaler_worker_manager.1", managers_page(version)}};
  for (const Table* table : all_tables())
    if (table->kind.empty()) pages.push_back({file_name(*table), page_of(*table, version)});
  return pages;
}

}  // namespace scaler::config
