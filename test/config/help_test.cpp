#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "config/tables.hpp"
#include "config/text.hpp"
#include "scaler/config/commands.hpp"

using namespace scaler::config;

namespace {

std::vector<const Table*> all_tables() {
  std::vector<const Table*> all = {&scheduler_table(), &store_table(), &worker_table(),
                                   &cluster_table(),   &top_table(),   &gui_table()};
  for (const Table& table : manager_tables()) all.push_back(&table);
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
  for (const Table* table : all_tables())
    for (const std::string& line : split_at(help_of(*table), '\n')) {
      CAPTURE(line);
      REQUIRE(line.size() <= 100);
      REQUIRE((line.empty() || line.back() != ' '));
    }
}

TEST_CASE("help shows each option once, with its short word, default and unit", "[config]") {
  for (const Table* table : all_tables()) {
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
  for (const Table* table : all_tables()) {
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
  for (const Table* table : {&scheduler_table(), &store_table(), manager_table("aws_hpc")})
    for (const Option& option : table->options)
      if (!option.positional)
        REQUIRE(page.find(fmt::format("`--{}`", option.name)) != std::string::npos);
}
