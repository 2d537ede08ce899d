#pragma once

#include <cstdint>
#include <optional>

#include "scaler/base/time.hpp"

namespace scaler::clientio {

// When free heap goes back to the system. A burst of tasks passes through small blocks, which the C
// library keeps when they are free: hundreds of megabytes in the process of somebody who may never
// send such a burst again. So it is asked to let go of them once the link has been quiet, if enough
// passed through since the last time to be worth it.
class HeapTrim {
 public:
  void passed(std::uint64_t bytes, TimePoint now) {  // through the heap
    bytes_ += bytes;
    last_passed_ = now;
  }
  std::optional<TimePoint> due() const;
  void trimmed(TimePoint now, Duration cost);

 private:
  std::uint64_t bytes_ = 0;
  TimePoint last_passed_;
  TimePoint not_before_;
};

// Takes the locks of the C library one after the other, and a moment for each free block: 20 ms for
// a million of them in a heap of 1.4 GB.
void trim_heap();

}  // namespace scaler::clientio
