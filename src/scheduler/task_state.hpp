#pragma once

#include <array>
#include <cstdint>

#include "scaler/wire/messages.hpp"

namespace scaler::scheduler {

// The life of a task. A place in this table for everything that may happen to it:
//
//                     has       result   user       balance     confirm   confirm  confirm worker
//                     capacity           cancel     cancel      canceled  failed   not found  gone
//   inactive          run       answer*  canceled   -           -         -        -          -
//   running           -         answer   canceling  balancing   rerun     -        -          rerun
//   canceling         -         answer   -          -           canceled  running  not_found
//   canceled balance_canceling -         answer   canceling  -           requeue   running  rerun
//   rerun abandoned         -         forget   -          -           forget    -        forget
//   forget
//
// "-": refused, nothing changes. answer*: only from the worker that held it before a rerun.
// Terminal states leave the table at once. `abandoned` is a node of a failed graph whose client has
// its answer; only the worker's last word is awaited, and swallowed. A worker that says "canceled"
// without being asked no longer has the task, hence the rerun.
enum class State : std::uint8_t { inactive, running, canceling, balance_canceling, abandoned };
enum class Event : std::uint8_t {
  has_capacity,
  result,
  user_cancel,
  balance_cancel,
  confirm_canceled,
  confirm_failed,
  confirm_not_found,
  worker_gone
};
enum class Step : std::uint8_t {
  refuse,
  run,        // send it to a worker: running
  answer,     // pass the result on: terminal
  cancel,     // ask the worker: canceling
  balance,    // ask the worker: balance_canceling
  resume,     // the worker keeps it: running
  requeue,    // the worker gave it back: inactive
  rerun,      // the worker lost it: inactive, or too often: terminal
  canceled,   // confirm to the owner: terminal
  not_found,  // confirm to the owner: terminal
  forget      // say nothing: terminal
};

constexpr Step step_of(State state, Event event) {
  using enum Step;
  constexpr std::array<std::array<Step, 8>, 5> table{{
      {run, answer, canceled, refuse, refuse, refuse, refuse, refuse},
      {refuse, answer, cancel, balance, rerun, refuse, refuse, rerun},
      {refuse, answer, refuse, refuse, canceled, resume, not_found, canceled},
      {refuse, answer, cancel, refuse, requeue, resume, rerun, rerun},
      {refuse, forget, refuse, refuse, forget, refuse, forget, forget},
  }};
  return table[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
}

// The state's name on the wire. An abandoned task was counted when it was answered.
constexpr wire::TaskState wire_state(State state) { return static_cast<wire::TaskState>(state); }
static_assert(wire_state(State::balance_canceling) == wire::TaskState::balance_canceling);

constexpr wire::TaskState wire_state(wire::TaskResultType type) {
  return static_cast<wire::TaskState>(static_cast<std::uint8_t>(wire::TaskState::success) +
                                      static_cast<std::uint8_t>(type));
}
static_assert(wire_state(wire::TaskResultType::failed_worker_died) ==
              wire::TaskState::failed_worker_died);

}  // namespace scaler::scheduler
