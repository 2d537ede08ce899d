#pragma once

#include <string>
#include <vector>

#include "config/option_table.hpp"
#include "scaler/base/result.hpp"

namespace scaler::config {

// What the command line says, in its order: an option and one value. A list option appears once for
// each of its words.
struct Given {
  const Option* option = nullptr;
  std::string value;
};

// Reads rewritten words (rewrite.hpp). Positionals are matched to the table's in their order.
Result<std::vector<Given>> read_command_line(const Table& table,
                                             const std::vector<std::string>& rewritten);

}  // namespace scaler::config
