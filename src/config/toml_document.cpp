#include "config/toml_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

// toml++ asserts what a hostile table name breaks ("[#"): that must not end the program.
namespace scaler::config {
struct TomlAssertion {};
constexpr void require_of_toml(bool holds) {
  if (!holds) throw TomlAssertion{};
}
}  // namespace scaler::config
#define TOML_ASSERT(condition) ::scaler::config::require_of_toml(static_cast<bool>(condition))
#include <toml++/toml.h>

#include "config/text.hpp"

// The only file that includes toml++, which is slow to compile; its exceptions end here.
namespace scaler::config {
namespace {

unsigned line_of(const toml::source_region& where) {
  return static_cast<unsigned>(where.begin.line);
}

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a point";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

std::string scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  return {};
}

TomlEntry entry_of(const toml::key& key, const toml::node& node) {
  TomlEntry entry{std::string(key.str()), line_of(key.source()), kind_of(node), {}, {}};
  if (const auto* table = node.as_table()) {
    for (const auto& [name, value] : *table) entry.table.push_back(entry_of(name, value));
  } else if (const auto* array = node.as_array()) {
    for (const toml::node& item : *array) {
      if (item.is_string() || item.is_integer()) {
        entry.words.push_back(scalar_text(item));
      } else {
        entry.kind = "an array of something else than strings";
      }
    }
  } else {
    entry.words.push_back(scalar_text(node));
  }
  return entry;
}

TomlSection section_of(const toml::key& name, const toml::node& node) {
  TomlEntry entry = entry_of(name, node);
  return {std::move(entry.key), line_of(node.source()), std::move(entry.table)};
}

bool is_array_of_tables(const toml::node& node) {
  const toml::array* array = node.as_array();
  return array != nullptr && !array->empty() &&
         std::all_of(array->begin(), array->end(),
                     [](const toml::node& item) { return item.is_table(); });
}

void add(TomlDocument& document, const toml::key& name, const toml::node& node) {
  if (node.is_table()) {
    document.sections.push_back(section_of(name, node));
  } else if (is_array_of_tables(node)) {
    for (const toml::node& item : *node.as_array())
      document.sections.push_back(section_of(name, item));
  } else {
    document.loose.push_back(entry_of(name, node));
  }
}

bool begins_a_name(char c) {
  return c == '"' || c == '\'' || c == '_' || c == '-' || c == '[' || c == ']' ||
         static_cast<unsigned char>(c) >= 0x80 || std::isalnum(static_cast<unsigned char>(c)) != 0;
}

// The first line that opens a table whose name begins with what no name does; 0: there is none.
std::size_t line_of_odd_table(std::string_view text) {
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::string_view row = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(row.size() + 1, text.size()));
    const std::size_t begin = row.find_first_not_of(" \t");
    if (begin == std::string_view::npos || row[begin] != '[') continue;
    const std::size_t name = row.find_first_not_of(" \t[", begin);
    if (name != std::string_view::npos && !begins_a_name(row[name])) return line;
  }
  return 0;
}

}  // namespace

Result<TomlDocument> parse_toml(std::string file, std::string_view text) try {
  if (text.find('\0') != std::string_view::npos)
    return Error{Errc::usage, fmt::format("{}: not a text file (it holds a zero byte)", file)};
  const toml::table root = toml::parse(text, file);
  TomlDocument document{std::move(file), {}, {}};
  for (const auto& [name, node] : root) add(document, name, node);
  std::stable_sort(document.sections.begin(), document.sections.end(),
                   [](const auto& left, const auto& right) { return left.line < right.line; });
  return document;
} catch (const toml::parse_error& failure) {
  const toml::source_position& at = failure.source().begin;
  return Error{Errc::usage, fmt::format("{}:{}:{}: {}", file, at.line, at.column,
                                        printable(failure.description(), 300))};
} catch (const TomlAssertion&) {
  const std::size_t line = line_of_odd_table(text);
  return Error{Errc::usage,
               fmt::format("{}{}: a table's name begins with a letter, a digit, _, - or a quote",
                           file, line == 0 ? "" : fmt::format(":{}", line))};
}

}  // namespace scaler::config
