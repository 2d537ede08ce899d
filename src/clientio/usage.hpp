#pragma once

#include "scaler/base/time.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::clientio {

// What this process uses, for heartbeats. The first reading knows no CPU yet.
class Usage {
 public:
  wire::Resource read(TimePoint now);

 private:
  TimePoint last_read_{};
  double last_cpu_seconds_ = 0;
};

}  // namespace scaler::clientio
