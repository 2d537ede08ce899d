#include "config/option_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "scaler/base/assert.hpp"
#include "scaler/config/words.hpp"

namespace scaler::config {
namespace {

enum class Dashes : std::uint8_t { one, two };

// Every spelling of every option with `dashes`, and whose it is.
template <class Visit>
void each_spelling(const Table& table, Dashes dashes, Visit visit) {
  for (const Option& option : table.options) {
    if (option.positional) continue;
    if (dashes == Dashes::two) {
      visit(option, option.name);
      for (std::string_view alias : option.aliases) visit(option, alias);
    } else {
      for (std::string_view word : option.shorts) visit(option, word);
    }
  }
}

Match match(const Table& table, Dashes dashes, std::string_view word) {
  Match exact;
  Match prefixed;
  bool several = false;
  each_spelling(table, dashes, [&](const Option& option, std::string_view spelling) {
    if (spelling == word) exact.option = &option;
    if (!spelling.starts_with(word)) return;
    several = several || (prefixed.option != nullptr && prefixed.option != &option);
    prefixed.option = &option;
    prefixed.candidates.push_back(
        fmt::format("{}{}", dashes == Dashes::two ? "--" : "-", spelling));
  });
  if (exact.option != nullptr || word.empty()) return exact;
  if (several) prefixed.option = nullptr;
  return prefixed;
}

bool same_key(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return (a == '_' ? '-' : a) == (b == '_' ? '-' : b); });
}

std::string bounds_of(const Option& option) {
  std::string text;
  if (option.least) text += fmt::format(", at least {}", *option.least);
  if (option.least == -1) text += " (-1: no limit)";
  if (option.never_zero) text += ", not 0 (below 0: never)";
  return text;
}

}  // namespace

Match match_long(const Table& table, std::string_view name) {
  return match(table, Dashes::two, name);
}

Match match_short(const Table& table, std::string_view word) {
  return match(table, Dashes::one, word);
}

const Option* find_key(const Table& table, std::string_view key) {
  for (const Option& option : table.options) {
    if (same_key(option.name, key)) return &option;
    for (std::string_view alias : option.aliases)
      if (same_key(alias, key)) return &option;
  }
  return nullptr;
}

const Option& option_named(const Table& table, std::string_view name) {
  const auto found = std::find_if(table.options.begin(), table.options.end(),
                                  [&](const Option& option) { return option.name == name; });
  SCALER_ASSERT(found != table.options.end(), std::string(name));
  return *found;
}

std::string nearest_option(const Table& table, std::string_view name) {
  std::vector<std::string> names;
  each_spelling(table, Dashes::two,
                [&](const Option&, std::string_view spelling) { names.emplace_back(spelling); });
  return nearest(name, names);
}

std::string nearest_key(const Table& table, std::string_view key) {
  std::vector<std::string> keys;
  for (const Option& option : table.options) {
    keys.push_back(key_of(option.name));
    for (std::string_view alias : option.aliases) keys.push_back(key_of(alias));
  }
  return nearest(key_of(key), keys);
}

std::string shown_name(const Option& option) {
  return option.positional ? key_of(option.name) : fmt::format("--{}", option.name);
}

std::string key_of(std::string_view name) {
  std::string key(name);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

std::string expectation(const Option& option) {
  switch (option.type) {
    case Type::integer: {
      const std::string of = option.unit.empty() ? "" : fmt::format(" of {}", option.unit);
      return fmt::format("a whole number{}{}", of, bounds_of(option));
    }
    case Type::decimal:
      return fmt::format("a number of {} above 0", option.unit);
    case Type::flag:
      return "true or false";
    case Type::choice:
      return fmt::format("one of {}", fmt::join(option.choices, ", "));
    case Type::words:
      return "a list of words";
    case Type::comma_list:
      return "a list such as a,b";
    case Type::address:
      return "an address such as tcp://127.0.0.1:6378";
    case Type::host_port:
      return "a host and a port from 1 to 65535, such as 0.0.0.0:50001";
    case Type::capabilities:
      return "names with or without a whole number, such as linux,cpu=4";
    case Type::text:
      break;
  }
  return option.need == Need::optional ? "text" : "text that is not empty";
}

}  // namespace scaler::config
