#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "scaler/base/time.hpp"

struct uv_loop_s;

namespace scaler::net {

// One libuv loop, the only thread of a role. Its destructor runs the loop dry and asserts that
// nothing was left open.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  TimePoint now() const;  // frozen during a turn; monotonic

  // Runs fn once at the end of every turn, before the loop sleeps: place, drain, flush. In the
  // order of registration. The token ends the registration when it is destroyed.
  class Token;
  [[nodiscard]] std::unique_ptr<Token> before_poll(std::function<void()> fn);

  // Ensures one more turn without sleeping (work was left over on purpose).
  void wake();

  void run();   // until stop(), or until nothing is open
  void stop();  // the current turn ends first, before_poll included

  uv_loop_s* raw();

 private:
  friend struct LoopAccess;  // the other files of this room
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A registration with before_poll. Destroy it before the loop; doing so inside its own callback is
// fine.
class Loop::Token {
 public:
  Token(Impl& loop, std::function<void()> fn);
  ~Token();
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;

 private:
  friend struct Loop::Impl;
  Impl& loop_;
  std::size_t place_;
  std::function<void()> fn_;
};

}  // namespace scaler::net
