#include "scaler/net/timer.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "net/handle.hpp"
#include "net/lifetime.hpp"
#include "net/loop_impl.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::net {
namespace {

constexpr Duration farthest = std::chrono::hours(24 * 365 * 10);  // sums stay far from overflow

}  // namespace

struct Timer::Impl {
  Impl(Loop& in, std::function<void()> fn)
      : loop(in), on_fire(std::move(fn)), handle([this] { fired(); }) {
    handle.open([&](uv_timer_t* raw) { return uv_timer_init(loop.raw(), raw); });
  }

  // libuv counts whole milliseconds of the same clock, so rounding up never fires early. Re-armed
  // from its own callback it waits at least one, or libuv would run it again in the same turn.
  void arm() {
    const auto due = static_cast<std::uint64_t>(
        std::chrono::ceil<std::chrono::milliseconds>(deadline.time_since_epoch()).count());
    const std::uint64_t present = uv_now(loop.raw());
    const std::uint64_t least = firing ? 1 : 0;
    uv_timer_start(handle.raw(), &Handle<uv_timer_t>::fire,
                   std::max(due > present ? due - present : 0, least), 0);
  }

  bool waits_for(TimePoint due) const {
    return due == deadline && repeat == Duration::zero() && !firing &&
           uv_is_active(reinterpret_cast<const uv_handle_t*>(handle.raw())) != 0;
  }

  void fired() {
    auto& turn = LoopAccess::impl(loop);
    if (turn.now() < deadline) turn.refresh_now();  // this turn's sample is older than libuv's
    firing = true;
    if (repeat > Duration::zero()) {
      deadline += repeat;
      if (deadline < turn.now()) deadline = turn.now() + repeat;  // missed ticks are not made up
      arm();
    }
    auto running = std::move(on_fire);
    const Lifetime::Watch alive(lifetime);
    running();
    if (!alive) return;
    on_fire = std::move(running);
    firing = false;
  }

  Loop& loop;
  std::function<void()> on_fire;
  TimePoint deadline;
  Duration repeat = Duration::zero();
  bool firing = false;
  Lifetime lifetime;
  Handle<uv_timer_t> handle;
};

Timer::Timer(Loop& loop, std::function<void()> on_fire)
    : impl_(std::make_unique<Impl>(loop, std::move(on_fire))) {}
Timer::~Timer() = default;

void Timer::start(Duration after, Duration repeat) {
  impl_->deadline = impl_->loop.now() + std::clamp(after, Duration::zero(), farthest);
  impl_->repeat = std::clamp(repeat, Duration::zero(), farthest);
  impl_->arm();
}

void Timer::start_at(TimePoint deadline) {
  if (impl_->waits_for(deadline)) return;  // said again every turn, by some
  impl_->deadline = std::min(deadline, impl_->loop.now() + farthest);
  impl_->repeat = Duration::zero();
  impl_->arm();
}

void Timer::stop() { uv_timer_stop(impl_->handle.raw()); }

struct Signal::Impl {
  explicit Impl(std::function<void()> on_signal)
      : handle([fn = std::move(on_signal)](int) { fn(); }) {}
  Handle<uv_signal_t, int> handle;
};

Signal::Signal(Loop& loop, int number, std::function<void()> on_signal)
    : impl_(std::make_unique<Impl>(std::move(on_signal))) {
  auto& handle = impl_->handle;
  int status = handle.open([&](uv_signal_t* raw) { return uv_signal_init(loop.raw(), raw); });
  SCALER_ASSERT(status == 0, uv_strerror(status));
  status = uv_signal_start(handle.raw(), &Handle<uv_signal_t, int>::fire, number);
  SCALER_ASSERT(status == 0, uv_strerror(status));
}
Signal::~Signal() = default;

}  // namespace scaler::net
