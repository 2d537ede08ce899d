#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/option_table.hpp"

// The pieces that help texts, the reference page and the man pages are made of.
namespace scaler::config {

std::span<const std::string_view> help_groups();  // headings, in their order

std::string upper(std::string_view name);        // "BIND_ADDRESS"
std::string spelling(const Option& option);      // "-ct, --client-timeout-seconds N"
std::string default_text(const Option& option);  // "60 seconds", "required", "none"
std::string description(const Option& option);   // the sentence of help with all there is to know
std::string usage_line(const Table& table);      // "usage: scaler_top [options] MONITOR_ADDRESS"
std::string section_text(const Table& table);    // "[scheduler]"; empty: reads no section

}  // namespace scaler::config
