#include "clientio/heap_trim.hpp"

#include <cstdlib>  // defines __GLIBC__
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <algorithm>

namespace scaler::clientio {

namespace {

constexpr std::uint64_t worth_bytes = std::uint64_t{8} << 20;
constexpr Duration quiet_time = 100ms;
constexpr Duration least_pause = 1s;
// It is the user's process, whose own threads may meet the locks: at most a hundredth of the time.
constexpr int pause_per_cost = 100;

}  // namespace

std::optional<TimePoint> HeapTrim::due() const {
  if (bytes_ < worth_bytes) return std::nullopt;
  return std::max(last_passed_ + quiet_time, not_before_);
}

void HeapTrim::trimmed(TimePoint now, Duration cost) {
  bytes_ = 0;
  not_before_ = now + std::max(least_pause, pause_per_cost * cost);
}

void trim_heap() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace scaler::clientio
