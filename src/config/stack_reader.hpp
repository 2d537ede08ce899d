#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/toml_document.hpp"
#include "scaler/base/address.hpp"
#include "scaler/config/stack.hpp"

namespace scaler::config {

// What a whole file came to. With errors, the processes are incomplete.
struct StackReading {
  // A section that some command reads.
  struct Section {
    std::string title;  // "[scheduler]", "[[worker_manager]] wm-native"
    unsigned line = 0;
    std::string remark;  // why nothing starts from it; empty: a process does
  };
  std::vector<Section> sections;        // in the file's order
  std::vector<StackProcess> processes;  // in starting order
  std::vector<Note> notes;              // what a role would say about its section
  std::vector<Note> skipped;            // one for each section with a remark
  std::vector<Error> errors;            // by line
};

StackReading read_stack(const TomlDocument& document, const Machine& machine);

// The line that a finding in this file begins with ("a.toml:3: ..."); 0: it is about another place.
unsigned finding_line(std::string_view text, std::string_view file);

}  // namespace scaler::config
