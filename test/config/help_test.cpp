#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "config/tables.hpp"
#include "config/text.hpp"
#include "scaler/config/commands.hpp"

using namespace scaler::config;

namespace {

// The hidden ones too.
std::vector<const Table*> every_table() {
  std::vector<const Table*> all = all_tables();
  all.push_back(&worker_table());
  all.push_back(&launcher_table());
  return all;
}

std::string help_of(const Table& table) { return help_text(table.command, table.kind); }

// The help's text with line breaks and indents taken out.
std::string flat(const std::string& text) {
  std::string out;
  for (char letter : text) {
    const bool space = letter == ' ' || letter == '\n';
    if (!space) out += letter;
    if (space && !out.empty() && out.back() != ' ') out += ' ';
  }
  return out;
}

}  // namespace

TEST_CASE("help is at most 100 columns wide and has no line without words", "[config]") {
  for (const Table* table : every_table())
    for (const std::string& line : split_at(help_of(*table), '\n')) {
      CAPTURE(line);
      REQUIRE(line.size() <= 100);
      REQUIRE((line.empty() || line.back() != ' '));
    }
}

TEST_CASE("help shows each option once, with its short word, default and unit", "[config]") {
  for (const Table* table : every_table()) {
    const std::string whole = help_of(*table);
    const std::string help = flat(whole.substr(0, whole.find("\nexamples:")));
    for (const Option& option : table->options) {
      if (option.positional) continue;
      CAPTURE(table->command, table->kind, option.name);
      std::string spelled = fmt::format(" --{} ", option.name);
      if (!option.shorts.empty()) spelled = fmt::format(" -{},{}", option.shorts.front(), spelled);
      const std::size_t at = help.find(spelled);
      REQUIRE(at != std::string::npos);
      REQUIRE(help.find(spelled, at + 1) == std::string::npos);
      const std::size_t note = std::min(help.find("[default:", at), help.find("[required", at));
      const std::string entry = help.substr(at, help.find(']', note) - at);
      REQUIRE(entry.find(flat(std::string(option.help))) != std::string::npos);
      if (option.need == Need::required) {
        REQUIRE(entry.find("[required") != std::string::npos);
      } else if (!option.fallback.empty()) {
        const std::string unit = option.unit.empty() ? "" : fmt::format(" {}", option.unit);
        REQUIRE(entry.find(fmt::format("[default: {}{}", option.fallback, unit)) !=
                std::string::npos);
      }
    }
  }
}

TEST_CASE("the help of the scheduler begins with its usage", "[config]") {
  const std::string help = help_text("scaler_scheduler");
  REQUIRE(help.find("usage: scaler_scheduler [options] BIND_ADDRESS\n") == 0);
  REQUIRE(help.find("  -ct, --client-timeout-seconds N\n"
                    "      a client silent for so long is gone [default: 60 seconds]\n") !=
          std::string::npos);
}

TEST_CASE("the help of a worker manager without a kind lists the kinds", "[config]") {
  const std::string help = help_text("scaler_worker_manager");
  for (const Table& table : manager_tables())
    REQUIRE(help.find(fmt::format("  {} ", table.kind)) != std::string::npos);
}

TEST_CASE("no command, no help", "[config]") { REQUIRE(help_text("scaler_nothing").empty()); }

TEST_CASE("each table names every option once", "[config]") {
  for (const Table* table : every_table()) {
    std::vector<std::string_view> names;
    std::vector<std::string_view> shorts;
    for (const Option& option : table->options) {
      names.push_back(option.name);
      names.insert(names.end(), option.aliases.begin(), option.aliases.end());
      shorts.insert(shorts.end(), option.shorts.begin(), option.shorts.end());
    }
    for (auto* list : {&names, &shorts}) {
      std::sort(list->begin(), list->end());
      CAPTURE(table->command, table->kind);
      REQUIRE(std::adjacent_find(list->begin(), list->end()) == list->end());
    }
  }
}

TEST_CASE("the reference page has every option of the commands it describes", "[config]") {
  const std::string page = help_markdown();
  for (const Table* table : all_tables())
    for (const Option& option : table->options)
      if (!option.positional)
        REQUIRE(page.find(fmt::format("`--{}`", option.name)) != std::string::npos);
}

TEST_CASE("every command with options has a page in the manual, with each of them", "[config]") {
  const auto pages = man_pages("1.2.3", "an overview\n.of lines");
  const auto page_of = [&](const std::string& file) {
    for (const ManPage& page : pages)
      if (page.file == file) return page.text;
    FAIL(file);
    return std::string();
  };
  for (const Table* table : all_tables()) {
    std::string file(table->command);
    std::replace(file.begin(), file.end(), ' ', '-');
    const std::string text = page_of(file + ".1");
    for (const Option& option : table->options) {
      std::string name(option.positional ? key_of(option.name) : std::string(option.name));
      if (option.positional)
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char letter) {
          return static_cast<char>(std::toupper(letter));
        });
      for (std::size_t at = 0; (at = name.find('-', at)) != std::string::npos; at += 2)
        name.insert(at, "\\");
      CAPTURE(file, option.name);
      REQUIRE(text.find(name) != std::string::npos);
    }
  }
  REQUIRE(page_of("scaler.1").find("\\&.of lines") != std::string::npos);
  REQUIRE(page_of("scaler.1").find("scaler 1.2.3") != std::string::npos);
}
