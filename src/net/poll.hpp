#pragma once

#include <uv.h>

#include <functional>

#include "net/handle.hpp"
#include "scaler/net/loop.hpp"

namespace scaler::net {

// What a descriptor should be watched for, level-triggered. The descriptor is not owned; close it
// after this object is gone.
class Poll {
 public:
  // `status` is negative when the descriptor is in error; the watch has then ended.
  Poll(Loop& loop, int descriptor, std::function<void(int status, int events)> on_event);
  void set(int events);  // UV_READABLE | UV_WRITABLE, or 0. Costs nothing when nothing changes
  void forget() { events_ = 0; }  // after a negative status

 private:
  Handle<uv_poll_t, int, int> handle_;
  int events_ = 0;
};

}  // namespace scaler::net
