#pragma once

#include <functional>
#include <memory>

#include "scaler/net/loop.hpp"

namespace scaler::net {

// Fires `on_fire` in the loop's thread. Destroying it is enough to stop it, also from inside
// on_fire.
class Timer {
 public:
  Timer(Loop& loop, std::function<void()> on_fire);
  ~Timer();
  void start(Duration after,
             Duration repeat = Duration::zero());  // zero: once. Restarting moves it
  void start_at(TimePoint deadline);               // a past deadline fires in the next turn
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Fires for one signal number. SIGTERM and SIGINT are events like any other.
class Signal {
 public:
  Signal(Loop& loop, int number, std::function<void()> on_signal);
  ~Signal();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::net
