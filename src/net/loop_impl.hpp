#pragma once

#include <uv.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "net/job.hpp"
#include "scaler/base/log.hpp"
#include "scaler/net/loop.hpp"

namespace scaler::net {

// A turn: I/O callbacks, then timers, then the next_turn jobs (uv_idle), then before_poll and the
// turn_end jobs (uv_prepare), then sleep.
struct Loop::Impl {
  Impl();
  ~Impl();

  void run();
  void end_turn();
  void run_before_poll();
  void keep_awake();
  void rest_if_idle();
  void note_slow_turn();
  bool take_costly_step();
  TimePoint now();
  void refresh_now();

  uv_loop_t uv{};
  uv_prepare_t prepare{};
  uv_idle_t idle{};
  std::vector<Token*> tokens;  // a destroyed registration leaves a null until the turn's end
  JobQueue next_turn;
  JobQueue turn_end;
  std::optional<TimePoint> sampled_now;
  std::uint64_t turn = 0;
  std::uint64_t costly_turn = 0;  // of the count below
  unsigned costly_steps = 0;
  unsigned wakeful_turns = 0;
  bool running = false;
  bool stopping = false;
  bool has_children = false;  // process.cpp: one SIGCHLD reaper per loop
  log::RateLimit slow_turns{5, 10s};
};

struct LoopAccess {
  static Loop::Impl& impl(Loop& loop) { return *loop.impl_; }
};

}  // namespace scaler::net
