#include "config/sections.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "config/text.hpp"
#include "scaler/config/words.hpp"

namespace scaler::config {
namespace {

constexpr std::string_view manager_section = "worker_manager";

// Every section that some command of this program, or of the peer, reads.
constexpr std::array<std::string_view, 11> known_sections = {"scheduler",
                                                             "object_storage_server",
                                                             manager_section,
                                                             "gui",
                                                             "top",
                                                             "cluster",
                                                             "webui",
                                                             "worker",
                                                             "native_worker_adapter",
                                                             "symphony_worker_adapter",
                                                             "ecs_worker_adapter"};

// Tables inside a section that only group its keys.
constexpr std::array<std::string_view, 4> grouping_tables = {
    "policy", "logging_config", "worker_config", "worker_manager_config"};

std::string place_of(const TomlDocument& document, const TomlEntry& entry) {
  return fmt::format("{}:{}: {}", document.file, entry.line, printable(entry.key));
}

const TomlEntry* find_entry(const TomlSection& section, std::string_view key) {
  const auto found = std::find_if(section.entries.begin(), section.entries.end(),
                                  [&](const TomlEntry& entry) { return key_of(entry.key) == key; });
  return found == section.entries.end() ? nullptr : &*found;
}

std::vector<const TomlSection*> sections_named(const TomlDocument& document,
                                               std::string_view name) {
  std::vector<const TomlSection*> found;
  for (const TomlSection& section : document.sections)
    if (key_of(section.name) == name) found.push_back(&section);
  return found;
}

Result<const TomlSection*> select_manager(const Table& table, const TomlDocument& document,
                                          std::string_view manager_id) {
  std::vector<const TomlSection*> found = sections_named(document, manager_section);
  std::erase_if(found, [&](const TomlSection* s) { return text_in(*s, "type") != table.kind; });
  if (found.empty())
    return Error{Errc::usage, fmt::format("{}: no [[worker_manager]] section with type = \"{}\"",
                                          document.file, table.kind)};
  if (found.size() == 1) return found[0];
  const std::size_t candidates = found.size();
  std::erase_if(found, [&](const TomlSection* section) {
    return manager_id.empty() || text_in(*section, "worker_manager_id") != manager_id;
  });
  if (found.size() == 1) return found[0];
  return Error{Errc::usage,
               fmt::format("{}: {} [[worker_manager]] sections have type = \"{}\"; choose one with "
                           "--worker-manager-id",
                           document.file, candidates, table.kind)};
}

bool is_grouping_table(const TomlEntry& entry) {
  return entry.kind == "a table" && std::find(grouping_tables.begin(), grouping_tables.end(),
                                              key_of(entry.key)) != grouping_tables.end();
}

// Whether the entry uses the option's present name rather than an older one.
bool has_present_name(const TomlGiven& given) {
  return key_of(given.entry->key) == key_of(given.option->name);
}

class Collector {
 public:
  Collector(const Table& table, const TomlDocument& document, const TomlSection& section,
            std::vector<Note>& notes, std::vector<Error>& errors)
      : table_(table), document_(document), section_(section), notes_(notes), errors_(errors) {}

  void add_all(const std::vector<TomlEntry>& entries) {
    for (const TomlEntry& entry : entries) {
      if (is_grouping_table(entry)) {
        add_all(entry.table);
      } else {
        add(entry);
      }
    }
  }

  std::vector<TomlGiven> take() { return std::move(given_); }

 private:
  void add(const TomlEntry& entry) {
    if (!table_.kind.empty() && entry.key == "type") return;
    const Option* option = find_key(table_, entry.key);
    if (option == nullptr || entry.key == "config") {
      notes_.push_back({log::Level::warning, unknown_key(entry)});
      return;
    }
    TomlGiven next{option, &entry, place_of(document_, entry)};
    const auto before = std::find_if(given_.begin(), given_.end(),
                                     [&](const TomlGiven& g) { return g.option == option; });
    if (before == given_.end()) {
      given_.push_back(std::move(next));
      return;
    }
    if (has_present_name(*before) == has_present_name(next)) {
      errors_.push_back({Errc::usage, fmt::format("{}: given before in line {}", next.place,
                                                  before->entry->line)});
      return;
    }
    if (has_present_name(next)) std::swap(*before, next);
    notes_.push_back(
        {log::Level::warning, fmt::format("{}: ignored, since {} in line {} says the same",
                                          next.place, before->entry->key, before->entry->line)});
  }

  std::string unknown_key(const TomlEntry& entry) const {
    const std::string close = nearest_key(table_, entry.key);
    return fmt::format("{}: unknown key in [{}], ignored{}", place_of(document_, entry),
                       printable(section_.name),
                       close.empty() ? "" : fmt::format(" (did you mean {}?)", close));
  }

  const Table& table_;
  const TomlDocument& document_;
  const TomlSection& section_;
  std::vector<Note>& notes_;
  std::vector<Error>& errors_;
  std::vector<TomlGiven> given_;
};

std::string joined_capabilities(const TomlEntry& entry) {
  std::string text;
  for (const TomlEntry& item : entry.table) {
    if (!text.empty()) text += ',';
    text += fmt::format("{}={}", item.key, item.words.empty() ? "?" : item.words[0]);
  }
  return text;
}

}  // namespace

std::string text_in(const TomlSection& section, std::string_view key) {
  const TomlEntry* entry = find_entry(section, key);
  return entry == nullptr || entry->words.size() != 1 ? std::string() : entry->words[0];
}

Result<const TomlSection*> select_section(const Table& table, const TomlDocument& document,
                                          std::string_view manager_id) {
  if (!table.kind.empty() && table.sections.front() == manager_section)
    return select_manager(table, document, manager_id);
  for (std::string_view name : table.sections) {
    const std::vector<const TomlSection*> found = sections_named(document, name);
    if (found.size() == 1) return found[0];
    if (found.size() > 1)
      return Error{Errc::usage, fmt::format("{}:{}: a second [[{}]] section, where one is expected",
                                            document.file, found[1]->line, name)};
  }
  return nullptr;
}

std::vector<Note> notes_on_unknown_sections(const TomlDocument& document) {
  std::vector<Note> notes;
  for (const TomlEntry& entry : document.loose)
    notes.push_back({log::Level::warning,
                     fmt::format("{}: outside any section, ignored", place_of(document, entry))});
  const std::vector<std::string> known(known_sections.begin(), known_sections.end());
  for (const TomlSection& section : document.sections) {
    if (std::find(known.begin(), known.end(), key_of(section.name)) != known.end()) continue;
    const std::string close = nearest(key_of(section.name), known);
    notes.push_back(
        {log::Level::info,
         fmt::format("{}:{}: section [{}] is read by no command{}", document.file, section.line,
                     printable(section.name),
                     close.empty() ? "" : fmt::format(" (did you mean [{}]?)", close))});
  }
  return notes;
}

std::vector<TomlGiven> options_in(const Table& table, const TomlDocument& document,
                                  const TomlSection& section, std::vector<Note>& notes,
                                  std::vector<Error>& errors) {
  Collector collector(table, document, section, notes, errors);
  collector.add_all(section.entries);
  return collector.take();
}

Result<std::vector<std::string>> words_of(const TomlGiven& given) {
  const TomlEntry& entry = *given.entry;
  const Type type = given.option->type;
  const bool is_list = type == Type::words || type == Type::comma_list;
  const bool takes_array = is_list || type == Type::capabilities;
  if (entry.kind == "a table" && type == Type::capabilities)
    return std::vector<std::string>{joined_capabilities(entry)};
  if (entry.kind == "a string" || entry.kind == "a whole number" || entry.kind == "true or false")
    return entry.words;
  if (entry.kind == "a number with a point" && type == Type::decimal) return entry.words;
  if (entry.kind == "an array" && takes_array) {
    if (is_list) return entry.words;
    return std::vector<std::string>{fmt::format("{}", fmt::join(entry.words, ","))};
  }
  return Error{Errc::usage, fmt::format("{}: {} is not allowed ({})", given.place, entry.kind,
                                        expectation(*given.option))};
}

}  // namespace scaler::config
