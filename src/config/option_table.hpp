#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scaler/base/result.hpp"
#include "scaler/config/machine.hpp"

// The one declaration of every option. Command line, TOML keys, checks, help text and the reference
// page all read it; nothing about an option is written down twice.
namespace scaler::config {

enum class Type : std::uint8_t {
  text,
  integer,
  decimal,       // 2.5; above zero
  flag,          // --name, or --name true|false
  words,         // --name a b c, up to the next option
  comma_list,    // --name a,b,c
  choice,        // one of `choices`, in any case
  address,       // tcp://host:port or ipc:///path
  host_port,     // host:port, for a web server
  capabilities,  // linux,cpu=4
};

enum class AddressUse : std::uint8_t { listen, connect };

// Whether a value must be there, and whether it may be empty text.
enum class Need : std::uint8_t { optional, not_empty, required };

struct Option {
  std::string_view name;                       // "bind-address"; in TOML also with underscores
  std::vector<std::string_view> shorts = {};   // "osa" for -osa; the first is the documented one
  std::vector<std::string_view> aliases = {};  // older long names; older TOML keys if positional
  Type type = Type::text;
  Need need = Need::optional;
  std::string_view fallback = {};      // the default, written as on a command line
  std::string_view fallback_why = {};  // shown instead when the default is computed
  std::optional<std::int64_t> least = {};
  std::optional<std::int64_t> most = {};
  bool never_zero = false;
  std::vector<std::string_view> choices = {};
  AddressUse use = AddressUse::connect;
  bool tcp_only = false;
  std::string_view unit = {};         // "seconds"
  std::string_view environment = {};  // a variable that gives the value when no option does
  std::string_view group = {};        // heading in the help
  std::string_view help = {};
  bool positional = false;
  bool word_only = false;  // positional, and nothing that a file would say
};

class Settings;

// A look at several options at once. It is not taken when one of them is wrong by itself.
struct Check {
  std::vector<std::string_view> options;
  std::function<Status(const Settings& settings, const Machine& machine)> look;
};

// One command: its names, its options and where in a TOML file they stand.
struct Table {
  std::string_view command;                // "scaler_scheduler"
  std::string_view kind = {};              // "baremetal_native": a word before the options
  std::string_view summary = {};           // one sentence for the help
  std::vector<std::string_view> sections;  // "scheduler": the first that the file has is read
  std::vector<Option> options;             // positionals among them, in their order
  std::vector<std::string_view> examples = {};
  std::vector<Check> checks = {};
};

// How far a name leads: to one option, to several, or to none.
struct Match {
  const Option* option = nullptr;
  std::vector<std::string> candidates;  // with dashes; more than one: ambiguous
};

// The exact name or a unique prefix of one; without dashes.
Match match_long(const Table& table, std::string_view name);
Match match_short(const Table& table, std::string_view word);
// The TOML key, with - and _ alike. Never a prefix.
const Option* find_key(const Table& table, std::string_view key);
const Option& option_named(const Table& table, std::string_view name);

// The name most like this one, without dashes; empty when none is close.
std::string nearest_option(const Table& table, std::string_view name);
std::string nearest_key(const Table& table, std::string_view key);

// The option with all its dashes as messages name it, or the positional's bare name.
std::string shown_name(const Option& option);
// "max_task_concurrency"
std::string key_of(std::string_view name);
// "a whole number of seconds, at least 1": what a value must be.
std::string expectation(const Option& option);

}  // namespace scaler::config
