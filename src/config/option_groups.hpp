#pragma once

#include <vector>

#include "config/option_table.hpp"
#include "config/settings.hpp"
#include "scaler/config/options.hpp"

// Options that several commands share, and how their values become the structs of options.hpp.
namespace scaler::config {

// Headings in the help, also the order of its parts.
inline constexpr std::string_view core_group = "Core options";
inline constexpr std::string_view policy_group = "Policy options";
inline constexpr std::string_view kind_group = "Options of this kind";
inline constexpr std::string_view worker_group = "Options passed on to each worker";
inline constexpr std::string_view logging_group = "Logging options";
inline constexpr std::string_view file_group = "Configuration file";
inline constexpr std::string_view older_group = "Older options";

inline constexpr std::int64_t seconds_max = 1'000'000'000;  // 31 years; still fits nanoseconds
inline constexpr std::int64_t count_max = 1'000'000'000;

std::vector<Option> logging_options();
std::vector<Option> worker_options();                        // one worker's tuning
std::vector<Option> manager_options();                       // any kind of worker manager
std::vector<Option> options_of_kind(std::string_view kind);  // those of one kind alone
std::vector<Option> tls_options();
Option config_option();
Option storage_option(std::string_view help);  // where workers find object storage
Option event_loop_option();
Option io_threads_option();

LoggingOptions logging_of(const Settings& settings);
TlsOptions tls_of(const Settings& settings);
// Both files or none, and both where one of these options is an address that encrypts.
std::vector<Check> tls_checks(std::vector<std::string_view> listen_options = {});
// What can be seen of worker_options() before a worker starts.
std::vector<Check> worker_checks();
WorkerTuning tuning_of(const Settings& settings);

std::vector<Option> joined(std::vector<std::vector<Option>> groups);
std::vector<Check> joined(std::vector<Check> first, std::vector<Check> second);

}  // namespace scaler::config
