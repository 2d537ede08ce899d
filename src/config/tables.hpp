#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "config/option_table.hpp"

// Every command's table. Built once, on first use.
namespace scaler::config {

const Table& launcher_table();
const Table& scheduler_table();
const Table& store_table();
const Table& worker_table();
const Table& cluster_table();
const Table& top_table();
const Table& gui_table();
const Table& ui_table();
std::span<const Table> manager_tables();            // one for each kind
const Table* manager_table(std::string_view kind);  // none: no such kind
std::span<const Table> adapter_tables();            // the older worker adapters
std::span<const Table> inquiry_tables();            // in the order of enum Inquiry

// Every command that has a table, in the order of the reference page.
std::vector<const Table*> all_tables();

}  // namespace scaler::config
