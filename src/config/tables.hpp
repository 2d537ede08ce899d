#pragma once

#include <span>
#include <string_view>

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
std::span<const Table> manager_tables();            // one for each kind
const Table* manager_table(std::string_view kind);  // none: no such kind

}  // namespace scaler::config
