#pragma once

#include <cstdint>

namespace scaler::embed {

// Measures what this process uses between two moments, in three cheap system calls.
class TaskCost {
 public:
  struct Used {
    float cpu_seconds = 0;                // user and system time
    std::uint64_t memory_peak_bytes = 0;  // peak resident memory above that of the begin
  };
  TaskCost();         // begins now
  Used used() const;  // until now

 private:
  double cpu_before_;
  std::uint64_t resident_before_;
};

}  // namespace scaler::embed
