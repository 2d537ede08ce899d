#include "embed/cpython/task_cost.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "scaler/base/large_blocks.hpp"

namespace scaler::embed {

namespace {

rusage usage_now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double cpu_of(const rusage& usage) {
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}
std::uint64_t peak_of(const rusage& usage) {
  return static_cast<std::uint64_t>(usage.ru_maxrss) << 10;
}

// proc(5), clear_refs: writing 5 sets the peak of resident memory to what is resident now.
void reset_peak() {
  static const int clear_refs = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  if (clear_refs < 0) return;  // then only a new peak of the whole life is seen
  [[maybe_unused]] const ssize_t ignored = write(clear_refs, "5", 1);
}

}  // namespace

TaskCost::TaskCost() {
  reset_peak();
  const rusage usage = usage_now();
  cpu_before_ = cpu_of(usage);
  // What is kept for large blocks may be resident, and is the task's from when it takes it.
  const std::uint64_t resident = peak_of(usage);
  resident_before_ = resident - std::min<std::uint64_t>(resident, kept_block_bytes());
}

TaskCost::Used TaskCost::used() const {
  const rusage usage = usage_now();
  const std::uint64_t peak = peak_of(usage);
  return {static_cast<float>(std::max(0.0, cpu_of(usage) - cpu_before_)),
          peak > resident_before_ ? peak - resident_before_ : 0};
}

}  // namespace scaler::embed
