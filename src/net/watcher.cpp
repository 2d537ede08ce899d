#include "scaler/net/watcher.hpp"

#include <utility>

#include "net/lifetime.hpp"
#include "net/poll.hpp"

namespace scaler::net {

struct Watcher::Impl {
  Impl(Loop& loop, int descriptor, std::function<void()> fn)
      : on_readable(std::move(fn)),
        poll(loop, descriptor, [this](int status, int) { ready(status); }) {
    poll.set(UV_READABLE);
  }

  void ready(int status) {
    if (status < 0) poll.forget();
    auto running = std::move(on_readable);
    const Lifetime::Watch alive(lifetime);
    running();
    if (!alive) return;
    on_readable = std::move(running);
    if (!paused) poll.set(UV_READABLE);
  }

  std::function<void()> on_readable;
  bool paused = false;
  Lifetime lifetime;
  Poll poll;
};

Watcher::Watcher(Loop& loop, int descriptor, std::function<void()> on_readable)
    : impl_(std::make_unique<Impl>(loop, descriptor, std::move(on_readable))) {}
Watcher::~Watcher() = default;

void Watcher::pause() {
  impl_->paused = true;
  impl_->poll.set(0);
}

void Watcher::resume() {
  impl_->paused = false;
  impl_->poll.set(UV_READABLE);
}

}  // namespace scaler::net
