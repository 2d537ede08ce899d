#pragma once

#include <functional>
#include <optional>

#include "scaler/base/time.hpp"
#include "scaler/net/timer.hpp"

namespace scaler::roles {

// The signals that every role understands: SIGTERM and SIGINT ask it to stop, SIGHUP to open its
// log files anew.
class RoleSignals {
 public:
  // `on_stop` gets the signal's name, each time one comes: the role stops in order the first time
  // and at once the second. Those that come at once together are one. `on_hang_up`, after the logs,
  // is for a role with more to tell.
  RoleSignals(net::Loop& loop, std::function<void(const char* name)> on_stop,
              std::function<void()> on_hang_up = {});

 private:
  void stop(const char* name, TimePoint now);

  std::function<void(const char* name)> on_stop_;
  std::function<void()> on_hang_up_;
  std::optional<TimePoint> asked_;
  net::Signal terminate_;
  net::Signal interrupt_;
  net::Signal hang_up_;
};

}  // namespace scaler::roles
