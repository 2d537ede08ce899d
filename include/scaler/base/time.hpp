#pragma once

#include <chrono>

namespace scaler {

// Monotonic time. Cores never read a clock: the role samples it once per loop turn and passes it
// in.
using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""us;

}  // namespace scaler
