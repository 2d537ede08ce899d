#include "config/help_parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "config/option_groups.hpp"

namespace scaler::config {
namespace {

constexpr std::array groups = {core_group,    policy_group, kind_group, worker_group,
                               logging_group, file_group,   older_group};

std::string value_name(const Option& option) {
  switch (option.type) {
    case Type::flag:
      return "";
    case Type::integer:
    case Type::decimal:
      return "N";
    case Type::words:
      return "WORD ...";
    case Type::comma_list:
      return "A,B";
    case Type::choice:
      return fmt::format("{}", fmt::join(option.choices, "|"));
    case Type::address:
      return "ADDRESS";
    case Type::host_port:
      return "HOST:PORT";
    case Type::capabilities:
      return "NAME[=N],...";
    case Type::text:
      break;
  }
  return option.name == "config" || option.name == "logging-config-file" ? "FILE" : "TEXT";
}

std::string older_names(const Option& option) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i < option.shorts.size(); ++i)
    names.push_back(fmt::format("-{}", option.shorts[i]));
  for (std::string_view alias : option.aliases)
    names.push_back(option.positional ? key_of(alias) : fmt::format("--{}", alias));
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::span<const std::string_view> help_groups() { return groups; }

std::string upper(std::string_view name) {
  std::string text = key_of(name);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
  return text;
}

// "-ct, --client-timeout-seconds N"
std::string spelling(const Option& option) {
  if (option.positional) return upper(option.name);
  const std::string value = value_name(option);
  return fmt::format("{}--{}{}{}",
                     option.shorts.empty() ? "" : fmt::format("-{}, ", option.shorts.front()),
                     option.name, value.empty() ? "" : " ", value);
}

// "60 seconds", "required", "none"
std::string default_text(const Option& option) {
  if (option.need == Need::required) return "required";
  if (option.fallback.empty()) {
    std::string why(option.fallback_why.empty() ? "none" : option.fallback_why);
    return why;
  }
  return fmt::format("{}{}{}", option.fallback, option.unit.empty() ? "" : " ", option.unit);
}

// The sentence of help with what else is to know: default, variable, older names.
std::string description(const Option& option) {
  std::string text =
      fmt::format("{} [{}{}]", option.help,
                  option.need == Need::required ? "" : "default: ", default_text(option));
  if (option.type == Type::integer && option.fallback.empty())
    text += fmt::format(" [{}]", expectation(option));
  if (!option.environment.empty()) text += fmt::format(" [environment: {}]", option.environment);
  if (const std::string older = older_names(option); !older.empty())
    text += fmt::format(" [{}: {}]", option.positional ? "older key" : "also", older);
  return text;
}

std::string usage_line(const Table& table) {
  std::string line = fmt::format("usage: {}", table.command);
  if (!table.kind.empty()) line += fmt::format(" {}", table.kind);
  line += " [options]";
  for (const Option& option : table.options)
    if (option.positional) line += fmt::format(" {}", upper(option.name));
  return line;
}

std::string section_text(const Table& table) {
  if (table.sections.empty()) return {};
  if (table.kind.empty()) return fmt::format("[{}]", table.sections.front());
  return fmt::format("[[{}]] with type = \"{}\"", table.sections.front(), table.kind);
}

}  // namespace scaler::config
