#pragma once

#include <vector>

#include "config/option_table.hpp"
#include "config/settings.hpp"
#include "scaler/base/result.hpp"
#include "scaler/config/options.hpp"

// From a command's settings, which are right, to its struct.
// What is worth a word but no error becomes a note.
namespace scaler::config {

Result<SchedulerOptions> scheduler_of(const Settings& settings);
StoreOptions store_of(const Settings& settings, std::vector<Note>& notes);
WorkerManagerOptions manager_of(const Table& table, const Settings& settings,
                                const Machine& machine, std::vector<Note>& notes);
WorkerManagerOptions cluster_of(const Settings& settings, const Machine& machine,
                                std::vector<Note>& notes);
GuiOptions gui_of(const Settings& settings);
GuiOptions ui_of(const Settings& settings);
AdapterOptions adapter_of(const Table& table, const Settings& settings, const Machine& machine);

// "unknown kind 'x' (did you mean y? one of ...)", or that it is missing.
Error unknown_kind(const std::string& kind);

}  // namespace scaler::config
