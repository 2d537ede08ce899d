#include <catch2/catch.hpp>
#include <csignal>
#include <optional>

#include <unistd.h>
#include "net/support.hpp"
#include "scaler/net/descriptors.hpp"
#include "scaler/net/watcher.hpp"

namespace scaler::net {

TEST_CASE("a loop with nothing open ends at once, after its before_poll callbacks", "[net]") {
  Loop loop;
  int calls = 0;
  const auto token = loop.before_poll([&] { ++calls; });
  loop.run();
  REQUIRE(calls == 1);
}

TEST_CASE("before_poll callbacks run in the order of their registration", "[net]") {
  TestLoop test;
  std::string order;
  const auto a = test.loop.before_poll([&] { order += 'a'; });
  const auto b = test.loop.before_poll([&] { order += 'b'; });
  test.turn(3);
  REQUIRE(order.starts_with("abab"));
}

TEST_CASE("a before_poll callback may end its own registration", "[net]") {
  TestLoop test;
  int calls = 0;
  std::unique_ptr<Loop::Token> token;
  token = test.loop.before_poll([&] {
    ++calls;
    token.reset();
  });
  test.turn(3);
  REQUIRE(calls == 1);
}

TEST_CASE("wake gives one more turn without sleeping", "[net]") {
  Loop loop;
  int turns = 0;
  Timer distant(loop, [] {});
  distant.start(1000s);
  const auto token = loop.before_poll([&] {
    if (++turns == 100) return loop.stop();
    loop.wake();
  });
  loop.run();  // would sleep for 1000 s otherwise
  REQUIRE(turns >= 100);
}

TEST_CASE("stop lets the turn end: what its last callback asked for is still done", "[net]") {
  Loop loop;
  bool ended = false;
  bool stopping = false;
  const auto token = loop.before_poll([&] { ended = stopping; });
  Timer timer(loop, [&] {
    stopping = true;
    loop.stop();
  });
  timer.start(1ms);
  loop.run();
  REQUIRE(ended);
}

TEST_CASE("a stopped loop runs again", "[net]") {
  TestLoop test;
  test.turn(1);
  int fired = 0;
  Timer timer(test.loop, [&] { ++fired; });
  timer.start(1ms);
  test.run_until([&] { return fired == 1; });
}

TEST_CASE("time stands still during a turn and never runs backwards", "[net]") {
  TestLoop test;
  std::vector<TimePoint> seen;
  const auto first = test.loop.before_poll([&] { seen.push_back(test.loop.now()); });
  const auto second = test.loop.before_poll([&] { seen.push_back(test.loop.now()); });
  Timer timer(test.loop, [] {});
  timer.start(1ms, 1ms);
  test.run_until([&] { return seen.size() >= 10; });
  for (std::size_t i = 0; i + 1 < seen.size(); i += 2) REQUIRE(seen[i] == seen[i + 1]);
  REQUIRE(std::is_sorted(seen.begin(), seen.end()));
  REQUIRE(seen.back() > seen.front());
}

TEST_CASE("a timer never fires before its deadline", "[net]") {
  TestLoop test;
  for (const Duration after : {Duration(1), Duration(300us), Duration(1500us), Duration(3ms)}) {
    std::optional<TimePoint> fired;
    Timer timer(test.loop, [&] { fired = test.loop.now(); });
    const TimePoint deadline = test.loop.now() + after;
    timer.start_at(deadline);
    test.run_until([&] { return fired.has_value(); });
    REQUIRE(*fired >= deadline);
  }
}

TEST_CASE("a timer with a past deadline fires once, in the next turn", "[net]") {
  TestLoop test;
  int fired = 0;
  Timer timer(test.loop, [&] { ++fired; });
  timer.start_at(test.loop.now() - 5s);
  test.run_until([&] { return fired > 0; });
  test.turn(3);
  REQUIRE(fired == 1);
}

TEST_CASE("a timer restarted from its own callback with a past deadline does not hold the loop",
          "[net]") {
  TestLoop test;
  int fired = 0;
  Timer timer(test.loop, [] {});
  Timer* self = nullptr;
  Timer restless(test.loop, [&] {
    ++fired;
    self->start_at(test.loop.now() - 1s);
  });
  self = &restless;
  restless.start_at(test.loop.now());
  test.run_until([&] { return fired >= 3; });
}

TEST_CASE("a repeating timer goes on until it is stopped", "[net]") {
  TestLoop test;
  int fired = 0;
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(test.loop, [&] {
    if (++fired == 3) timer->stop();
  });
  timer->start(1ms, 1ms);
  Timer after(test.loop, [] {});
  bool later = false;
  Timer judge(test.loop, [&] { later = true; });
  test.run_until([&] { return fired == 3; });
  judge.start(5ms);
  test.run_until([&] { return later; });
  REQUIRE(fired == 3);
}

TEST_CASE("a timer may be destroyed in its own callback", "[net]") {
  TestLoop test;
  bool fired = false;
  auto witness = std::make_shared<int>(7);
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(test.loop, [&, witness] {
    timer.reset();
    fired = *witness == 7;  // what the callback captured lives until it returns
  });
  timer->start(1ms, 1ms);
  test.run_until([&] { return fired; });
  test.turn(2);
  REQUIRE(witness.use_count() == 1);
}

TEST_CASE("a very distant deadline is as good as never", "[net]") {
  TestLoop test;
  Timer timer(test.loop, [] { FAIL("fired"); });
  timer.start_at(TimePoint::max());
  test.turn(2);
  timer.start(Duration::max());
  test.turn(2);
}

TEST_CASE("a signal is an event, and its handler may destroy itself", "[net]") {
  TestLoop test;
  int heard = 0;
  std::unique_ptr<Signal> signal;
  signal = std::make_unique<Signal>(test.loop, SIGUSR1, [&] {
    ++heard;
    signal.reset();
  });
  raise(SIGUSR1);
  test.run_until([&] { return heard == 1; });
}

TEST_CASE("a watcher tells that a descriptor is readable until it is read", "[net]") {
  TestLoop test;
  const auto ends = make_socketpair(SocketPairType::stream);
  REQUIRE(ends);
  int calls = 0;
  {
    Watcher watcher(test.loop, ends->first, [&] { ++calls; });
    test.turn(3);
    REQUIRE(calls == 0);
    REQUIRE(::write(ends->second, "x", 1) == 1);
    test.run_until([&] { return calls >= 2; });  // level-triggered
    watcher.pause();
    calls = 0;
    test.turn(3);
    REQUIRE(calls == 0);
    watcher.resume();
    test.run_until([&] { return calls >= 1; });
  }
  ::close(ends->first);
  ::close(ends->second);
}

TEST_CASE("a watcher may be destroyed in its own callback", "[net]") {
  TestLoop test;
  const auto ends = make_socketpair(SocketPairType::stream);
  REQUIRE(ends);
  std::unique_ptr<Watcher> watcher;
  watcher = std::make_unique<Watcher>(test.loop, ends->first, [&] { watcher.reset(); });
  ::close(ends->second);  // an end is readable too
  test.run_until([&] { return watcher == nullptr; });
  ::close(ends->first);
}

}  // namespace scaler::net
