#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scaler/config/machine.hpp"

namespace scaler::config::test {

// A machine of 8 CPUs whose files and variables are the test's.
struct FakeMachine {
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> variables;
  int cpu_count = 8;

  Machine machine() const {
    return {[this](const std::string& name) -> std::optional<std::string> {
              const auto found = variables.find(name);
              if (found == variables.end()) return std::nullopt;
              return found->second;
            },
            [this](const std::string& path) -> Result<std::string> {
              const auto found = files.find(path);
              if (found == files.end())
                return Error{Errc::usage, path + ": No such file or directory"};
              return found->second;
            },
            cpu_count, "host", 77};
  }
};

using Words = std::vector<std::string>;

// Splits at spaces; a test that needs a space inside a word writes Words{...}.
inline Words words(std::string_view line) {
  Words split;
  std::string word;
  for (char letter : line) {
    if (letter != ' ') {
      word += letter;
    } else if (!word.empty()) {
      split.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) split.push_back(std::move(word));
  return split;
}

// The options of a command line that must be right.
template <class Parsed>
auto options_of(Parsed parsed) {
  if (!parsed) return decltype(parsed->options)();
  return parsed->options;
}

// The error of a command line that must be wrong; empty when it is right.
template <class Parsed>
std::string error_of(const Parsed& parsed) {
  return parsed ? std::string() : parsed.error().text;
}

}  // namespace scaler::config::test
