#pragma once

#include <unordered_map>
#include <vector>

#include "scaler/base/time.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::roles {

// What other processes of this host use, read from /proc. A process that is gone uses nothing.
class ProcessUsage {
 public:
  // For each pid: CPU in thousandths of one core since its last reading, 0 at first; resident
  // bytes.
  std::vector<wire::Resource> read(const std::vector<int>& pids, TimePoint now);

 private:
  struct Last {
    double cpu_seconds = 0;
    TimePoint when;
  };
  wire::Resource read_one(int pid, TimePoint now, std::unordered_map<int, Last>& next) const;

  std::unordered_map<int, Last> last_;  // of the pids in the last reading
};

}  // namespace scaler::roles
