#include "net/job.hpp"

#include <utility>

#include "net/loop_impl.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::net {

void JobQueue::run() {
  SCALER_ASSERT(running_.empty(), "a stage of the turn runs inside itself");
  running_.swap(waiting_);
  for (Job* job : running_) job->state_ = Job::State::running;
  for (std::size_t i = 0; i < running_.size(); ++i) {
    Job* job = std::exchange(running_[i], nullptr);
    if (job == nullptr) continue;
    job->state_ = Job::State::resting;
    job->run();
  }
  running_.clear();
}

Job::Job(Loop& loop, When when, std::function<void()> work)
    : loop_(loop),
      queue_(when == When::next_turn ? LoopAccess::impl(loop).next_turn
                                     : LoopAccess::impl(loop).turn_end),
      work_(std::move(work)),
      when_(when) {}

Job::~Job() {
  if (state_ == State::running) queue_.running_[place_] = nullptr;
  if (state_ != State::waiting) return;
  Job* last = queue_.waiting_.back();
  queue_.waiting_[place_] = last;
  last->place_ = place_;
  queue_.waiting_.pop_back();
}

void Job::schedule() {
  if (state_ != State::resting) return;
  state_ = State::waiting;
  place_ = queue_.waiting_.size();
  queue_.waiting_.push_back(this);
  if (when_ == When::next_turn) LoopAccess::impl(loop_).keep_awake();
}

void Job::run() {
  auto work = std::move(work_);
  const Lifetime::Watch alive(lifetime_);
  work();
  if (alive) work_ = std::move(work);
}

}  // namespace scaler::net
