#pragma once

#include <cstdint>

namespace scaler::embed {

// Measures what this process uses between two moments, in three cheap system calls.
class TaskCost {
 public:
  TaskCost();                               // now
  float cpu_seconds() const;                // user and system time since then
  std::uint64_t memory_peak_bytes() const;  // peak resident memory since then, above that of then

 private:
  double cpu_before_;
  std::uint64_t resident_before_;
};

}  // namespace scaler::embed
