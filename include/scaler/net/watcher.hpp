#pragma once

#include <functional>
#include <memory>

#include "scaler/net/loop.hpp"

namespace scaler::net {

// Calls back, level-triggered, while a descriptor is readable, at its end or in error: read it to
// know which. Does not own the descriptor: destroy the Watcher first, which is also fine inside its
// own callback. A file or anything else that epoll refuses is an assertion.
class Watcher {
 public:
  Watcher(Loop& loop, int descriptor, std::function<void()> on_readable);
  ~Watcher();
  void pause();
  void resume();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::net
