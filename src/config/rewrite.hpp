#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/option_table.hpp"
#include "scaler/base/result.hpp"

namespace scaler::config {

// A command line in one plain form: "--full-name=value" words, then "--", then the positionals.
struct Rewritten {
  bool help = false;  // -h or --help came before any mistake; the words end there
  std::vector<std::string> words;
};

// Resolves one-dash words, unique prefixes, `=`, lists and optional true/false after a flag, so
// that the parser behind it needs to know none of them. A list takes every word up to the next
// option; an empty list becomes "--name=". A word such as -1 is a value, since no option looks like
// a number.
Result<Rewritten> rewrite(const Table& table, std::span<const std::string> words);

// Takes the word that names a worker manager's kind out of `words`, wherever it stands. Skips
// options with their values; the tables say which options have one. Empty: no such word.
std::string take_kind(std::span<const Table> tables, std::vector<std::string>& words);

// Whether a word is an option rather than a value: it starts with a dash, is more than a dash, is
// not a negative number and has no space before its "=".
bool looks_like_option(std::string_view word);

}  // namespace scaler::config
