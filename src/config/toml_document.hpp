#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scaler/base/result.hpp"

// A TOML text as plain data: what the rest of this room needs of it, and where each thing stood.
namespace scaler::config {

struct TomlEntry {
  std::string key;
  unsigned line = 0;
  std::string_view kind;           // "a string", "an array", ... for messages
  std::vector<std::string> words;  // a scalar's one text, or an array's texts
  std::vector<TomlEntry> table;    // the entries of a nested table, in the file's order
};

struct TomlSection {
  std::string name;
  unsigned line = 0;
  std::vector<TomlEntry> entries;
};

struct TomlDocument {
  std::string file;                   // as the user named it
  std::vector<TomlSection> sections;  // in the file's order; one for each [[name]]
  std::vector<TomlEntry> loose;       // keys outside any section
};

// Never throws. A syntax error reads "file:line:column: reason".
Result<TomlDocument> parse_toml(std::string file, std::string_view text);

}  // namespace scaler::config
