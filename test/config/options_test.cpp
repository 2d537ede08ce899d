#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "config/settings.hpp"
#include "config/tables.hpp"
#include "csv_rows.hpp"
#include "fake_machine.hpp"

using namespace scaler;
using namespace scaler::config;
using test::DocumentedOption;
using test::FakeMachine;

namespace {

std::vector<const Table*> tables_of(const DocumentedOption& row) {
  if (row.command == "scaler_scheduler") return {&scheduler_table()};
  if (row.command == "scaler_object_storage_server") return {&store_table()};
  if (row.command == "scaler_cluster") return {&cluster_table()};
  if (row.command == "scaler_top") return {&top_table()};
  if (row.command == "scaler_gui") return {&gui_table()};
  if (row.command == "scaler_ui") return {&ui_table()};
  for (const Table& table : adapter_tables())
    if (row.command == table.command) return {&table};
  if (row.kind != "*") return {manager_table(row.kind)};
  std::vector<const Table*> all;
  for (const Table& table : manager_tables()) all.push_back(&table);
  return all;
}

const Option* documented_option(const Table& table, const DocumentedOption& row) {
  return find_key(table, row.key);
}

// A value that is allowed and is not the default.
std::string sample(const DocumentedOption& row) {
  if (row.type == "int") return "7";
  if (row.type == "flag") return "true";
  if (row.type == "address") return "tcp://10.0.0.1:77";
  if (row.type == "host:port") return "10.0.0.1:77";
  if (row.type == "capabilities") return "linux,cpu=4";
  if (row.type == "comma list") return "a,b";
  if (row.type == "policy") return "allocate=capability; scaling=no";
  if (row.type == "url") return "http://10.0.0.1:77";
  if (row.type.find('|') != std::string::npos) return row.type.substr(row.type.rfind('|') + 1);
  return row.type == "batch" ? "batch" : "sample";
}

// Values for all required options but this one.
std::vector<std::string> required_words(const Table& table, const Option& but) {
  std::vector<std::string> line;
  for (const Option& option : table.options) {
    if (option.need != Need::required || &option == &but) continue;
    const std::string value = option.type == Type::address   ? "tcp://10.0.0.1:1"
                              : option.type == Type::integer ? "1"
                                                             : "given";
    if (!option.positional) line.push_back(fmt::format("--{}", option.name));
    line.push_back(value);
  }
  return line;
}

Settings resolved(const Table& table, const std::vector<std::string>& line,
                  const FakeMachine& machine = {}) {
  auto result = resolve_each(table, line, machine.machine());
  INFO((result ? "" : result.error().text));
  REQUIRE(result);
  for (const Note& note : result->notes) FAIL(note.text);
  return result->settings;
}

// The value as text, whatever its type, to compare two ways of giving it.
std::string shown(const Settings& settings, const Option& option) {
  if (!settings.has(option.name)) return "(absent)";
  switch (option.type) {
    case Type::integer:
      return std::to_string(settings.integer(option.name));
    case Type::decimal:
      return fmt::format("{}", settings.decimal(option.name));
    case Type::flag:
      return settings.flag(option.name) ? "true" : "false";
    case Type::words:
    case Type::comma_list: {
      std::string text;
      for (const std::string& word : settings.words(option.name)) text += word + ",";
      return text;
    }
    case Type::address:
      return settings.address(option.name).to_string();
    default:
      return settings.text(option.name);
  }
}

std::string toml_section(const Table& table, const std::string& key, const std::string& value,
                         const std::string& type) {
  const std::string header =
      table.kind.empty() ? fmt::format("[{}]", table.sections.front())
                         : fmt::format("[[{}]]\ntype = \"{}\"", table.sections.front(), table.kind);
  const bool bare = type == "int" || type == "flag";
  return fmt::format("{}\n{} = {}\n", header, key, bare ? value : fmt::format("'{}'", value));
}

bool is_same_default(const Option& option, const std::string& documented) {
  if (equal_ignoring_case(option.fallback, documented)) return true;
  return documented.empty() && !option.fallback_why.empty();
}

}  // namespace

TEST_CASE("every documented option exists with its names, default and unit", "[config]") {
  const auto rows = test::documented_options();
  REQUIRE(rows.size() > 80);
  for (const DocumentedOption& row : rows) {
    for (const Table* table : tables_of(row)) {
      CAPTURE(row.command, table->kind, row.long_name, row.key);
      const Option* option = documented_option(*table, row);
      REQUIRE(option != nullptr);
      if (!row.long_name.empty()) REQUIRE(match_long(*table, row.long_name).option == option);
      if (!row.short_name.empty()) REQUIRE(match_short(*table, row.short_name).option == option);
      if (row.required == "yes") {
        REQUIRE(option->need == Need::required);
      } else if (!option->positional) {
        REQUIRE(option->need != Need::required);
        REQUIRE(is_same_default(*option, row.fallback));
      }
    }
  }
}

TEST_CASE("every documented flag reads alike in long, equals, short and TOML form", "[config]") {
  for (const DocumentedOption& row : test::documented_options()) {
    if (row.long_name.empty()) continue;
    for (const Table* table : tables_of(row)) {
      CAPTURE(row.command, table->kind, row.long_name);
      const Option& option = *documented_option(*table, row);
      const std::string value = sample(row);
      const auto with = [&](std::vector<std::string> own) {
        std::vector<std::string> line = required_words(*table, option);
        line.insert(line.end(), own.begin(), own.end());
        return line;
      };
      const std::string wanted =
          shown(resolved(*table, with({"--" + row.long_name, value})), option);
      REQUIRE(wanted != shown(Settings(), option));
      REQUIRE(shown(resolved(*table, with({"--" + row.long_name + "=" + value})), option) ==
              wanted);
      if (!row.short_name.empty())
        REQUIRE(shown(resolved(*table, with({"-" + row.short_name, value})), option) == wanted);
      FakeMachine machine;
      const std::string dashed = row.long_name;
      for (const std::string& key : {row.key, dashed}) {
        machine.files["f"] = toml_section(*table, key, value, row.type);
        REQUIRE(shown(resolved(*table, with({"-c", "f"}), machine), option) == wanted);
      }
    }
  }
}

TEST_CASE("a TOML number or truth may also be a string", "[config]") {
  FakeMachine machine;
  machine.files["f"] =
      "[scheduler]\nbind_address = 'tcp://a:1'\nclient_timeout_seconds = '7'\nprotected = 'True'\n";
  const Settings settings = resolved(scheduler_table(), {"-c", "f"}, machine);
  REQUIRE(settings.integer("client-timeout-seconds") == 7);
  REQUIRE(settings.flag("protected"));
}

TEST_CASE("a TOML list may be an array or one string", "[config]") {
  FakeMachine machine;
  const std::string head = "[scheduler]\nbind_address = 'tcp://a:1'\nlogging_paths = ";
  machine.files["f"] = head + "['a b', 'c']\n";
  REQUIRE(resolved(scheduler_table(), {"-c", "f"}, machine).words("logging-paths") ==
          std::vector<std::string>{"a b", "c"});
  machine.files["f"] = head + "'a b'\n";
  REQUIRE(resolved(scheduler_table(), {"-c", "f"}, machine).words("logging-paths") ==
          std::vector<std::string>{"a b"});
  machine.files["f"] = head + "[]\n";
  REQUIRE(resolved(scheduler_table(), {"-c", "f"}, machine).words("logging-paths").empty());
}

TEST_CASE("a comma list drops empty items and may be an array in TOML", "[config]") {
  const Table& table = *manager_table("orb_aws_ec2");
  const std::vector<std::string> line =
      test::words("tcp://a:1 -wmi x --image-id y --security-group-ids a,,b,");
  REQUIRE(resolved(table, line).words("security-group-ids") == std::vector<std::string>{"a", "b"});
  FakeMachine machine;
  machine.files["f"] = "[worker_manager]\ntype = 'orb_aws_ec2'\nsecurity_group_ids = ['a', 'b']\n";
  const Settings settings =
      resolved(table, test::words("tcp://a:1 -wmi x --image-id y -c f"), machine);
  REQUIRE(settings.words("security-group-ids") == std::vector<std::string>{"a", "b"});
}

TEST_CASE("capabilities may be a TOML table", "[config]") {
  FakeMachine machine;
  machine.files["f"] =
      "[cluster]\nscheduler_address = 'tcp://a:1'\nper_worker_capabilities = {linux = -1, cpu = "
      "4}\n";
  REQUIRE(resolved(cluster_table(), {"-c", "f"}, machine).text("per-worker-capabilities") ==
          "cpu=4,linux=-1");
}

TEST_CASE("nested grouping tables read like flat keys", "[config]") {
  FakeMachine machine;
  machine.files["f"] =
      "[scheduler]\nbind_address = 'tcp://a:1'\n[scheduler.policy]\npolicy_content = 'x=y'\n"
      "[scheduler.logging_config]\nlogging_level = 'ERROR'\n";
  const Settings settings = resolved(scheduler_table(), {"-c", "f"}, machine);
  REQUIRE(settings.text("policy-content") == "x=y");
  REQUIRE(settings.text("logging-level") == "ERROR");
}

TEST_CASE("choices are taken in any case and given in the table's", "[config]") {
  const auto settings = resolved(*manager_table("baremetal_native"),
                                 test::words("tcp://a:1 -wmi x --mode FIXED -ll debug"));
  REQUIRE(settings.text("mode") == "fixed");
  REQUIRE(settings.text("logging-level") == "DEBUG");
}
