#include "scaler/manager/crew.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "manager/effects.hpp"

namespace scaler::manager {

namespace {

const WorkerEnd crash{false, true, "signal 11 (Segmentation fault)"};
const WorkerEnd failure{false, false, "exit code 3"};
const WorkerEnd sent_home{true, false, "exit code 0"};

struct CrewEnv {
  Crew crew{CrewOptions{}};
  Effects out;
  TimePoint now{};

  std::string start() {
    const std::string id = crew.start(now, out);
    REQUIRE(take_started(out) == std::vector<std::string>{id});
    return id;
  }
  void end(const std::string& id, const WorkerEnd& end) { crew.on_ended(id, end, now, out); }
  void advance(Duration by) {
    const TimePoint until = now + by;
    while (const auto next = crew.next_deadline()) {
      if (*next > until) break;
      now = *next;
      crew.on_deadline(now, out);
    }
    now = until;
  }
};

}  // namespace

TEST_CASE("a worker's id says its type, and no two are equal", "[manager]") {
  CrewEnv env;
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.insert(env.start());
  REQUIRE(ids.size() == 100);
  for (const std::string& id : ids) {
    REQUIRE(id.starts_with("Worker|NAT|"));
    REQUIRE(id.size() == 11 + 32 + 1 + 32);
  }
}

TEST_CASE("named workers carry their names", "[manager]") {
  CrewOptions options;
  options.names = {"left"};
  Crew crew(options);
  Effects out;
  REQUIRE(crew.start({}, out).starts_with("Worker|left|"));
  REQUIRE(crew.start({}, out).starts_with("Worker|NAT|"));
}

TEST_CASE("a worker that crashes is replaced under a new id, more slowly each time", "[manager]") {
  CrewEnv env;
  std::string id = env.start();
  Duration before = 0s;
  for (int i = 0; i < 8; ++i) {
    env.end(id, crash);
    REQUIRE(env.crew.wanted() == 1);
    REQUIRE_FALSE(env.crew.runs(id));
    const Duration wait = *env.crew.next_deadline() - env.now;
    REQUIRE(wait >= before);
    REQUIRE(wait <= 12s);
    before = wait;
    env.advance(wait);
    const auto started = take_started(env.out);
    REQUIRE(started.size() == 1);
    REQUIRE(started[0] != id);
    id = started[0];
  }
  REQUIRE(before == 12s);
}

TEST_CASE("a worker that ran long before it crashed is replaced at once again", "[manager]") {
  CrewEnv env;
  std::string id = env.start();
  env.end(id, crash);
  env.advance(1s);
  id = take_started(env.out).at(0);
  env.advance(60s);
  env.end(id, crash);
  REQUIRE(*env.crew.next_deadline() - env.now == 200ms);
}

TEST_CASE("a worker that ended of its own accord is not replaced", "[manager]") {
  CrewEnv env;
  const auto id = env.start();
  env.end(id, sent_home);
  REQUIRE(env.crew.empty());
  REQUIRE_FALSE(env.crew.next_deadline());
}

TEST_CASE("a crew whose workers cannot start gives up and stops the rest", "[manager]") {
  CrewEnv env;
  const auto good = env.start();
  std::string bad = env.start();
  for (int i = 0; i < 4; ++i) {
    env.end(bad, failure);
    env.advance(*env.crew.next_deadline() - env.now);
    bad = take_started(env.out).at(0);
  }
  REQUIRE_FALSE(env.crew.failure());
  env.end(bad, failure);
  REQUIRE(env.crew.failure());
  REQUIRE(take_ended(env.out) == std::vector<std::string>{good});
  env.end(good, crash);
  REQUIRE(env.crew.empty());
}

TEST_CASE("processes that cannot be made count as failed starts", "[manager]") {
  CrewEnv env;
  std::string id = env.start();
  for (int i = 0; i < 4; ++i) {
    env.crew.on_not_started(id, "no memory", env.now, env.out);
    env.advance(12s);
    id = take_started(env.out).at(0);
  }
  env.crew.on_not_started(id, "no memory", env.now, env.out);
  REQUIRE(env.crew.failure()->find("no memory") != std::string::npos);
  REQUIRE(env.crew.empty());
}

TEST_CASE("a worker that does not stop in time is killed, once", "[manager]") {
  CrewEnv env;
  const auto id = env.start();
  REQUIRE(env.crew.stop(id, env.now, env.out));
  REQUIRE(take_ended(env.out) == std::vector<std::string>{id});
  REQUIRE(env.crew.wanted() == 0);
  REQUIRE(env.crew.runs(id));
  env.advance(9s);
  REQUIRE(env.out.empty());
  env.advance(100s);
  REQUIRE(take_killed(env.out) == std::vector<std::string>{id});
  env.end(id, crash);
  REQUIRE(env.crew.empty());
}

TEST_CASE("a worker that waits for its replacement is stopped by not starting it", "[manager]") {
  CrewEnv env;
  const auto id = env.start();
  env.end(id, crash);
  REQUIRE(env.crew.stop(id, env.now, env.out));
  env.advance(60s);
  REQUIRE(env.out.empty());
  REQUIRE(env.crew.empty());
}

TEST_CASE("stopping a worker that has ended lately succeeds, one that never was fails",
          "[manager]") {
  CrewEnv env;
  const auto id = env.start();
  env.end(id, sent_home);
  REQUIRE(env.crew.stop(id, env.now, env.out));
  REQUIRE_FALSE(env.crew.stop("Worker|NAT|other", env.now, env.out));
  REQUIRE(env.out.empty());
}

TEST_CASE("the oldest are stopped first, those that do not run before them", "[manager]") {
  CrewEnv env;
  const auto first = env.start();
  const auto second = env.start();
  const auto third = env.start();
  env.end(third, crash);
  env.crew.stop_oldest(2, env.now, env.out);
  REQUIRE(take_ended(env.out) == std::vector<std::string>{first});
  REQUIRE(env.crew.wanted() == 1);
  REQUIRE(env.crew.runs(second));
}

TEST_CASE("asked twice to stop, a crew is killed at once", "[manager]") {
  CrewEnv env;
  const auto first = env.start();
  const auto second = env.start();
  env.crew.stop_all(env.now, env.out);
  REQUIRE(take_ended(env.out).size() == 2);
  env.crew.stop_all(env.now, env.out);
  REQUIRE(take_killed(env.out).size() == 2);
  env.end(first, crash);
  env.end(second, crash);
  REQUIRE(env.crew.empty());
}

}  // namespace scaler::manager
