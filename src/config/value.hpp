#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "config/option_table.hpp"
#include "scaler/base/address.hpp"
#include "scaler/base/result.hpp"

namespace scaler::config {

// Checked, in the shape of its option's type: text, choice, host_port and capabilities are strings
// (a choice in the table's own spelling), words and comma_list are vectors.
using Value =
    std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>, Address>;

// Turns the words given for an option into its value, or says what is allowed instead. The error
// does not name the option: its place (command line, file and line, variable) is the caller's to
// say.
Result<Value> check_value(const Option& option, const std::vector<std::string>& words);

// The words that give this value again: one, or for a list one for each item. An empty list is one
// empty word.
std::vector<std::string> texts_of(const Value& value);

}  // namespace scaler::config
