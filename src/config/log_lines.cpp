#include <fmt/format.h>

#include "scaler/config/logging.hpp"

namespace scaler::config::lines {

// Printed as a Python tuple: ('a',) and ('a', 'b').
std::string logging_to(const std::vector<std::string>& targets) {
  std::string text = "logging to (";
  for (std::size_t i = 0; i < targets.size(); ++i)
    text += fmt::format("{}'{}'", i == 0 ? "" : ", ", targets[i]);
  return text + (targets.size() == 1 ? ",)" : ")");
}

std::string event_loop(std::string_view name) { return fmt::format("use event loop: {}", name); }

std::string scheduler_listens(const Address& address) {
  return fmt::format("Scheduler: listen to scheduler address {}", address.to_string());
}

std::string scheduler_uses_storage(const Address& address) {
  return fmt::format("Scheduler: connect to object storage server {}", address.to_string());
}

std::string scheduler_advertises_storage(const Address& address) {
  return fmt::format("Scheduler: advertise object storage address {}", address.to_string());
}

std::string scheduler_monitor_listens(const Address& address) {
  return fmt::format("Scheduler: listen to scheduler monitor address {}", address.to_string());
}

std::string store_started(const Address& address) {
  return fmt::format("ObjectStorageServer: started, listening on {}", address.to_string());
}

std::string store_stopped() { return "ObjectStorageServer: stopped by user"; }

std::string cluster_starts(std::int64_t workers, std::int64_t heartbeat_interval_seconds) {
  return fmt::format("ClusterProcess: starting {} workers, heartbeat_interval_seconds={}", workers,
                     heartbeat_interval_seconds);
}

std::string worker_started(std::int64_t index) { return fmt::format("Worker[{}] started", index); }

}  // namespace scaler::config::lines
