#include "net/poll.hpp"

#include <utility>

#include "scaler/base/assert.hpp"

namespace scaler::net {

Poll::Poll(Loop& loop, int descriptor, std::function<void(int, int)> on_event)
    : handle_(std::move(on_event)) {
  const int status =
      handle_.open([&](uv_poll_t* raw) { return uv_poll_init(loop.raw(), raw, descriptor); });
  SCALER_ASSERT(status == 0, uv_strerror(status));
}

void Poll::set(int events) {
  if (events == events_) return;
  events_ = events;
  const int status = events == 0
                         ? uv_poll_stop(handle_.raw())
                         : uv_poll_start(handle_.raw(), events, &Handle<uv_poll_t, int, int>::fire);
  SCALER_ASSERT(status == 0, uv_strerror(status));
}

}  // namespace scaler::net
