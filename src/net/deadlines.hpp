#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "net/lifetime.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/timer.hpp"

namespace scaler::net {

// One patience for many connections, with one timer: they fall due in the order they were added.
// Who asks ignores those that no longer matter.
class Deadlines {
 public:
  Deadlines(Loop& loop, Duration patience, std::function<void(PeerId)> on_due);
  void add(PeerId id);

 private:
  void fire();

  Loop& loop_;
  Duration patience_;
  std::function<void(PeerId)> on_due_;
  std::deque<std::pair<TimePoint, PeerId>> waiting_;  // by time
  Lifetime lifetime_;
  Timer timer_;
};

}  // namespace scaler::net
