#include "net/deadlines.hpp"

namespace scaler::net {

Deadlines::Deadlines(Loop& loop, Duration patience, std::function<void(PeerId)> on_due)
    : loop_(loop),
      patience_(patience),
      on_due_(std::move(on_due)),
      timer_(loop, [this] { fire(); }) {}

void Deadlines::add(PeerId id) {
  const TimePoint due = loop_.now() + patience_;
  if (waiting_.empty()) timer_.start_at(due);
  waiting_.emplace_back(due, id);
}

void Deadlines::fire() {
  const Lifetime::Watch alive(lifetime_);
  while (!waiting_.empty() && waiting_.front().first <= loop_.now()) {
    const PeerId id = waiting_.front().second;
    waiting_.pop_front();
    on_due_(id);
    if (!alive) return;
  }
  if (!waiting_.empty()) timer_.start_at(waiting_.front().first);
}

}  // namespace scaler::net
