#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "net/lifetime.hpp"
#include "scaler/net/loop.hpp"

namespace scaler::net {

class Job;

// Jobs that wait for one stage of the turn. Each runs at most once per run().
class JobQueue {
 public:
  bool empty() const { return waiting_.empty(); }
  void run();  // those that wait now; what they add waits for the next run

 private:
  friend class Job;
  std::vector<Job*> waiting_;
  std::vector<Job*> running_;  // empty outside run(); a destroyed job leaves a null
};

// Work put off within the room: to the beginning of the next turn (what must not call out of a
// send), or to the end of this one, after all before_poll callbacks (flush). Destroying it cancels
// it, also from inside its own work.
class Job {
 public:
  enum class When : std::uint8_t { next_turn, turn_end };
  Job(Loop& loop, When when, std::function<void()> work);
  ~Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  void schedule();  // once, however often it is called

 private:
  friend class JobQueue;
  enum class State : std::uint8_t { resting, waiting, running };
  void run();

  Loop& loop_;
  JobQueue& queue_;
  std::function<void()> work_;
  Lifetime lifetime_;
  std::size_t place_ = 0;
  When when_;
  State state_ = State::resting;
};

}  // namespace scaler::net
