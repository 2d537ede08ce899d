#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scaler/base/address.hpp"
#include "scaler/base/result.hpp"
#include "scaler/config/options.hpp"

// Where log lines go, and the lines that scripts wait for.
namespace scaler::config {

// Sends every log line of this process to each of `options.paths`, at `options.level` or above, or
// to where the Python logging file says. Files are appended to and set aside under their date at
// local midnight. An Error names the path and leaves the output as it was. `component`, when not
// empty, stands before each text: for processes that share one stream.
Status install_logging(const LoggingOptions& options, std::string component = {});

// Opens every file anew, for SIGHUP and for whoever moved a file away. A file that cannot be opened
// keeps its old descriptor.
void reopen_logs();

// The one line of a role that ends by a failure: logged as an error and, unless a log goes to the
// very same place, written to standard error too, as "COMMAND: text".
void report_failure(std::string_view command, std::string_view text);

// "CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG": as --logging-level takes it and %(levelname)s
// says it.
std::string_view level_name(log::Level level);

// The first two lines of every role: "logging to ('/dev/stdout',)" and "use event loop: builtin".
void log_startup_lines(const LoggingOptions& options, std::string_view event_loop);

// The documented wording of the lines that scripts wait for. Change none.
namespace lines {

std::string logging_to(const std::vector<std::string>& targets);
std::string event_loop(std::string_view name);
std::string scheduler_listens(const Address& address);
std::string scheduler_uses_storage(const Address& address);
std::string scheduler_advertises_storage(const Address& address);
std::string scheduler_monitor_listens(const Address& address);
std::string store_started(const Address& address);
std::string store_stopped();
std::string cluster_starts(std::int64_t workers, std::int64_t heartbeat_interval_seconds);
std::string worker_started(std::int64_t index);

}  // namespace lines
}  // namespace scaler::config
