#include "config/settings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/command_line.hpp"
#include "config/rewrite.hpp"
#include "config/sections.hpp"
#include "config/text.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::config {

void Settings::set(std::string_view name, Entry entry) {
  entries_.insert_or_assign(std::string(name), std::move(entry));
}

const Settings::Entry* Settings::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

template <class T>
const T* Settings::find_as(std::string_view name) const {
  const Entry* entry = find(name);
  if (entry == nullptr) return nullptr;
  const T* value = std::get_if<T>(&entry->value);
  SCALER_ASSERT(value != nullptr, fmt::format("option {} read as another type", name));
  return value;
}

bool Settings::has(std::string_view name) const { return find(name) != nullptr; }

bool Settings::is_given(std::string_view name) const {
  const Entry* entry = find(name);
  return entry != nullptr && entry->origin != Origin::fallback;
}

Error Settings::error_at(std::string_view name, std::string text) const {
  const Entry* entry = find(name);
  const std::string place = entry == nullptr ? fmt::format("--{}", name) : entry->place;
  return {Errc::usage, fmt::format("{}: {}", place, text)};
}

std::int64_t Settings::integer(std::string_view name) const {
  const auto* value = find_as<std::int64_t>(name);
  SCALER_ASSERT(value != nullptr, fmt::format("option {} has neither value nor default", name));
  return *value;
}

double Settings::decimal(std::string_view name) const {
  const auto* value = find_as<double>(name);
  SCALER_ASSERT(value != nullptr, fmt::format("option {} has neither value nor default", name));
  return *value;
}

bool Settings::flag(std::string_view name) const {
  const auto* value = find_as<bool>(name);
  return value != nullptr && *value;
}

std::string Settings::text(std::string_view name) const {
  const auto* value = find_as<std::string>(name);
  return value == nullptr ? std::string() : *value;
}

std::vector<std::string> Settings::words(std::string_view name) const {
  const auto* value = find_as<std::vector<std::string>>(name);
  return value == nullptr ? std::vector<std::string>() : *value;
}

Address Settings::address(std::string_view name) const {
  const auto* value = find_as<Address>(name);
  SCALER_ASSERT(value != nullptr, fmt::format("option {} has neither value nor default", name));
  return *value;
}

std::optional<Address> Settings::find_address(std::string_view name) const {
  const auto* value = find_as<Address>(name);
  if (value == nullptr) return std::nullopt;
  return *value;
}

Address reachable(Address listener) {
  if (listener.host == "*" || listener.host == "0.0.0.0") listener.host = "127.0.0.1";
  if (listener.host == "::") listener.host = "::1";
  return listener;
}

namespace {

Status store(Settings& settings, const Option& option, const std::vector<std::string>& words,
             Origin origin, std::string place) {
  Result<Value> value = check_value(option, words);
  if (!value) return std::move(value.error()).within(place);
  settings.set(option.name, {std::move(*value), origin, std::move(place)});
  return ok();
}

Status add_defaults(const Table& table, Settings& settings) {
  for (const Option& option : table.options) {
    if (option.fallback.empty()) continue;
    SCALER_CHECK(store(settings, option, {std::string(option.fallback)}, Origin::fallback,
                       shown_name(option)));
  }
  return ok();
}

void add_section(const Table& table, const TomlDocument& document, const TomlSection& section,
                 SectionReading& reading) {
  const auto given = options_in(table, document, section, reading.notes, reading.errors);
  for (const TomlGiven& one : given) {
    auto words = words_of(one);
    auto stored = words ? store(reading.settings, *one.option, *words, Origin::toml, one.place)
                        : Status(std::move(words.error()));
    if (stored) continue;
    reading.errors.push_back(std::move(stored.error()));
    reading.wrong.push_back(one.option->name);
  }
}

Status add_environment(const Table& table, const Machine& machine, Settings& settings) {
  for (const Option& option : table.options) {
    if (option.environment.empty()) continue;
    const std::string variable(option.environment);
    if (const std::optional<std::string> value = machine.environment(variable); value)
      SCALER_CHECK(store(settings, option, {*value}, Origin::environment, variable));
  }
  return ok();
}

Status add_command_line(const Table& table, const std::vector<Given>& given, Settings& settings) {
  for (const Option& option : table.options) {
    std::vector<std::string> words;
    for (const Given& one : given)
      if (one.option == &option) words.push_back(one.value);
    if (words.empty()) continue;
    SCALER_CHECK(store(settings, option, words, Origin::command_line, shown_name(option)));
  }
  return ok();
}

// A list takes every word up to the next option, so it may have eaten the address behind it.
std::string hint_on_missing(const Table& table, const Option& missing, const Settings& settings) {
  for (const Option& option : table.options) {
    if (!missing.positional || option.type != Type::words || !settings.is_given(option.name))
      continue;
    const std::vector<std::string> words = settings.words(option.name);
    if (!words.empty() && words.back().find("://") != std::string::npos)
      return fmt::format("; --{} took '{}': put it before that option", option.name,
                         printable(words.back()));
  }
  return {};
}

Status check_required(const Table& table, const std::string& file, bool has_section,
                      const Settings& settings) {
  for (const Option& option : table.options) {
    if (option.need != Need::required || settings.has(option.name)) continue;
    if (option.word_only)
      return Error{Errc::usage,
                   fmt::format("{} is missing: give {}, for example {}", shown_name(option),
                               option.help, table.examples.front())};
    const std::string key = fmt::format("{} in [{}]", key_of(option.name), table.sections.front());
    const std::string also = file.empty() ? fmt::format(" or {} with --config", key)
                             : !has_section
                                 ? fmt::format(" or {} of {}, which has no such section", key, file)
                                 : fmt::format(" or {} of {}", key, file);
    const std::string variable =
        option.environment.empty() ? "" : fmt::format(", or set {}", option.environment);
    return Error{Errc::usage,
                 fmt::format("{} is missing: give {}{}{}{}", shown_name(option),
                             option.positional ? "it as a word" : shown_name(option), also,
                             variable, hint_on_missing(table, option, settings))};
  }
  return ok();
}

// What cannot be seen in one option alone.
void look_at_all(const Table& table, const Machine& machine, SectionReading& reading) {
  const auto is_wrong = [&](std::string_view name) {
    return std::find(reading.wrong.begin(), reading.wrong.end(), name) != reading.wrong.end();
  };
  for (const Check& check : table.checks) {
    if (std::any_of(check.options.begin(), check.options.end(), is_wrong)) continue;
    if (Status right = check.look(reading.settings, machine); !right)
      reading.errors.push_back(std::move(right.error()));
  }
}

std::string last_value(const std::vector<Given>& given, std::string_view name) {
  std::string value;
  for (const Given& one : given)
    if (one.option->name == name) value = one.value;
  return value;
}

Result<Resolved> resolve_given(const Table& table, const std::vector<Given>& given,
                               const Machine& machine) {
  Resolved resolved;
  SCALER_CHECK(add_defaults(table, resolved.settings));
  const std::string file = last_value(given, "config");
  bool has_section = false;
  if (!file.empty()) {
    SCALER_TRY(document, open_document(file, machine));
    resolved.notes = notes_on_unknown_sections(document);
    SCALER_TRY(section, select_section(table, document, last_value(given, "worker-manager-id")));
    has_section = section != nullptr;
    if (has_section) {
      SectionReading reading{std::move(resolved.settings), std::move(resolved.notes), {}, {}};
      add_section(table, document, *section, reading);
      if (!reading.errors.empty()) return first_of(std::move(reading.errors), file);
      resolved.settings = std::move(reading.settings);
      resolved.notes = std::move(reading.notes);
    }
  }
  SCALER_CHECK(add_environment(table, machine, resolved.settings));
  SCALER_CHECK(add_command_line(table, given, resolved.settings));
  SCALER_CHECK(check_required(table, file, has_section, resolved.settings));
  return resolved;
}

bool is_given_in(const TomlSection& section, const Table& table, const Option& option) {
  return std::any_of(section.entries.begin(), section.entries.end(),
                     [&](const TomlEntry& entry) { return find_key(table, entry.key) == &option; });
}

}  // namespace

Result<TomlDocument> open_document(const std::string& file, const Machine& machine) {
  SCALER_TRY(text, machine.read_file(file));
  return parse_toml(file, text);
}

SectionReading read_section(const Table& table, const TomlDocument& document,
                            const TomlSection& section, const Machine& machine) {
  SectionReading reading;
  const auto note = [&](Status status) {
    if (!status) reading.errors.push_back(std::move(status.error()));
  };
  note(add_defaults(table, reading.settings));
  add_section(table, document, section, reading);
  note(add_environment(table, machine, reading.settings));
  for (const Option& option : table.options) {
    // One that is there but wrong has been told already.
    if (option.need != Need::required || reading.settings.has(option.name) ||
        is_given_in(section, table, option))
      continue;
    note(Error{Errc::usage, fmt::format("{}:{}: {}: missing in [{}]", document.file, section.line,
                                        key_of(option.name), printable(section.name))});
  }
  look_at_all(table, machine, reading);
  return reading;
}

Error first_of(std::vector<Error> errors, const std::string& file) {
  if (errors.size() == 1) return std::move(errors.front());
  return {Errc::usage, fmt::format("{} ({} more: scaler config check {})", errors.front().text,
                                   errors.size() - 1, file)};
}

Result<Resolved> resolve(const Table& table, std::span<const std::string> words,
                         const Machine& machine) {
  SCALER_TRY(resolved, resolve_each(table, words, machine));
  if (resolved.help) return resolved;
  for (const Check& check : table.checks) SCALER_CHECK(check.look(resolved.settings, machine));
  return resolved;
}

Result<Resolved> resolve_each(const Table& table, std::span<const std::string> words,
                              const Machine& machine) {
  SCALER_TRY(rewritten, rewrite(table, words));
  if (rewritten.help) {
    Resolved help_only;
    help_only.help = true;
    return help_only;
  }
  SCALER_TRY(given, read_command_line(table, rewritten.words));
  return resolve_given(table, given, machine);
}

Result<Resolved> resolve_command_line(const Table& table, std::span<const std::string> words) {
  SCALER_TRY(rewritten, rewrite(table, words));
  Resolved resolved;
  resolved.help = rewritten.help;
  if (resolved.help) return resolved;
  SCALER_TRY(given, read_command_line(table, rewritten.words));
  SCALER_CHECK(add_defaults(table, resolved.settings));
  SCALER_CHECK(add_command_line(table, given, resolved.settings));
  return resolved;
}

}  // namespace scaler::config
