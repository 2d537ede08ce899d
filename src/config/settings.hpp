#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/option_table.hpp"
#include "config/toml_document.hpp"
#include "config/value.hpp"
#include "scaler/base/result.hpp"
#include "scaler/config/machine.hpp"

namespace scaler::config {

// From the weakest to the strongest.
enum class Origin : std::uint8_t { fallback, toml, environment, command_line };

// The value of every option of one table, checked. Asking for an option that the table does not
// have, or as another type than it has, is our fault and asserts.
class Settings {
 public:
  struct Entry {
    Value value;
    Origin origin;
    std::string place;  // "--io-threads", "a.toml:3: io_threads", "HOME"
  };

  void set(std::string_view name, Entry entry);
  bool has(std::string_view name) const;           // given, or with a default
  bool is_given(std::string_view name) const;      // by other than the default
  const Entry* find(std::string_view name) const;  // null: no value
  // Prefixes an error of a check across options with the place of this one.
  Error error_at(std::string_view name, std::string text) const;

  std::int64_t integer(std::string_view name) const;
  double decimal(std::string_view name) const;
  bool flag(std::string_view name) const;
  std::string text(std::string_view name) const;  // empty when absent
  std::vector<std::string> words(std::string_view name) const;
  Address address(std::string_view name) const;
  std::optional<Address> find_address(std::string_view name) const;

 private:
  template <class T>
  const T* find_as(std::string_view name) const;

  std::map<std::string, Entry, std::less<>> entries_;
};

// Where a listener of this machine is reached: not at the hosts that mean all of them.
Address reachable(Address listener);

// What one command line came to.
struct Resolved {
  bool help = false;
  Settings settings;
  std::vector<Note> notes;
};

// Command line over environment over TOML over default, every value checked, required ones present.
// Errors are one line without the command's name.
Result<Resolved> resolve(const Table& table, std::span<const std::string> words,
                         const Machine& machine);
// The same without the table's checks across options.
Result<Resolved> resolve_each(const Table& table, std::span<const std::string> words,
                              const Machine& machine);

// The words alone, --config read as any other option; nothing is required.
Result<Resolved> resolve_command_line(const Table& table, std::span<const std::string> words);

// One section of a file by itself: environment over TOML over default. Every error is found, each
// as "file:line: key: reason".
struct SectionReading {
  Settings settings;
  std::vector<Note> notes;
  std::vector<Error> errors;
  std::vector<std::string_view> wrong;  // options that have no right value
};
SectionReading read_section(const Table& table, const TomlDocument& document,
                            const TomlSection& section, const Machine& machine);

// The first of these errors in a file, with the number of the others.
Error first_of(std::vector<Error> errors, const std::string& file);

// Reads and parses a file.
Result<TomlDocument> open_document(const std::string& file, const Machine& machine);

}  // namespace scaler::config
