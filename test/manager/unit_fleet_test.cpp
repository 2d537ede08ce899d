#include "scaler/manager/unit_fleet.hpp"

#include <catch2/catch.hpp>

namespace scaler::manager {

namespace {

struct FleetEnv {
  explicit FleetEnv(std::uint64_t each = 2, std::optional<std::uint64_t> most = std::nullopt)
      : fleet({each, most, 1}) {}

  std::vector<std::string> take_started() { return take<StartUnit>(); }
  std::vector<std::string> take_stopped() { return take<StopUnit>(); }
  template <class Wanted>
  std::vector<std::string> take() {
    std::vector<std::string> names;
    for (const UnitEffect& effect : std::exchange(out, {}))
      names.push_back(std::get<Wanted>(effect).name);
    return names;
  }
  bool start() { return fleet.start_worker(now, out); }
  // A unit that runs.
  std::string unit() {
    REQUIRE(start());
    const auto names = take_started();
    REQUIRE(names.size() == 1);
    fleet.on_accepted(names[0]);
    fleet.on_runs(names[0], now);
    return names[0];
  }
  bool release(const std::string& unit, const std::string& which) {
    return fleet.release_worker("Worker|ECS-" + unit + "|0|" + which, now, out);
  }
  void end(const std::string& name, bool well = false) {
    fleet.on_ended(name, well, "test", now, out);
  }
  void wait() {
    REQUIRE(fleet.next_deadline());
    REQUIRE(*fleet.next_deadline() > now);
    now = *fleet.next_deadline();
    fleet.on_deadline(now, out);
  }

  TimePoint now{};
  UnitFleet fleet;
  UnitEffects out;
};

}  // namespace

TEST_CASE("workers that are asked for one by one share the unit that is on its way", "[manager]") {
  FleetEnv env(3);
  REQUIRE(env.start());
  REQUIRE(env.start());
  REQUIRE(env.start());
  CHECK(env.take_started().size() == 1);
  REQUIRE(env.start());
  CHECK(env.take_started().size() == 1);
}

TEST_CASE("a unit that runs has no room left: its workers are counted by others", "[manager]") {
  FleetEnv env(3);
  env.unit();
  REQUIRE(env.start());
  CHECK(env.take_started().size() == 1);
}

TEST_CASE("no more units run than may", "[manager]") {
  FleetEnv env(2, 1);
  REQUIRE(env.start());
  REQUIRE(env.start());
  CHECK_FALSE(env.start());
  CHECK(env.fleet.workers_max() == 2);
}

TEST_CASE("a unit stops when all of its workers may go, and not before", "[manager]") {
  FleetEnv env;
  const std::string unit = env.unit();
  CHECK(env.release(unit, "1"));
  CHECK(env.release(unit, "1"));
  CHECK(env.take_stopped().empty());
  CHECK(env.release(unit, "2"));
  CHECK(env.take_stopped() == std::vector{unit});
  CHECK(env.fleet.active() == 0);
  env.end(unit, true);
  CHECK(env.fleet.empty());
  CHECK(env.release(unit, "3"));  // it was one of ours
  CHECK_FALSE(env.release("ffff", "1"));
  CHECK_FALSE(env.fleet.release_worker("Worker|NAT|0|1", env.now, env.out));
  CHECK_FALSE(env.fleet.release_worker("x", env.now, env.out));
}

TEST_CASE("a word of long ago does not count towards a unit's end", "[manager]") {
  FleetEnv env;
  const std::string unit = env.unit();
  env.release(unit, "1");
  env.now += 31s;
  env.release(unit, "2");
  CHECK(env.take_stopped().empty());
}

TEST_CASE("a wish is rounded up to whole units; those that do not run yet stop first",
          "[manager]") {
  FleetEnv env;
  env.fleet.reach(3, env.now, env.out);
  const auto names = env.take_started();
  REQUIRE(names.size() == 2);
  for (const std::string& name : names) env.fleet.on_accepted(name);
  env.fleet.on_runs(names[0], env.now);
  env.fleet.reach(2, env.now, env.out);
  CHECK(env.take_stopped() == std::vector{names[1]});
  env.fleet.reach(0, env.now, env.out);
  CHECK(env.take_stopped() == std::vector{names[0]});
}

TEST_CASE("a wish is kept up when a unit ends", "[manager]") {
  FleetEnv env;
  env.fleet.reach(2, env.now, env.out);
  const auto names = env.take_started();
  env.fleet.on_runs(names.at(0), env.now);
  env.now += 100s;
  env.end(names[0]);
  CHECK(env.take_started().size() == 1);
}

TEST_CASE("a unit that was refused is started again under its name, later each time", "[manager]") {
  FleetEnv env;
  REQUIRE(env.start());
  const auto name = env.take_started();
  Duration before{};
  for (int i = 0; i < 4; ++i) {
    env.fleet.on_refused(name.at(0), "no", env.now);
    const TimePoint refused = env.now;
    env.wait();
    CHECK(env.take_started() == name);
    CHECK(env.now - refused > before);
    before = env.now - refused;
  }
}

TEST_CASE("what nobody can still wait for is given up", "[manager]") {
  FleetEnv env;
  REQUIRE(env.start());
  for (int i = 0; i < 20 && !env.fleet.empty(); ++i) {
    for (const std::string& name : env.take_started()) env.fleet.on_refused(name, "no", env.now);
    env.wait();
  }
  CHECK(env.fleet.empty());
  CHECK(env.now - TimePoint{} <= 300s);
  CHECK_FALSE(env.fleet.next_deadline());
}

TEST_CASE("a unit that ends at once is replaced by another, one that worked is not", "[manager]") {
  FleetEnv env;
  const std::string first = env.unit();
  env.end(first);
  CHECK(env.out.empty());
  env.wait();
  const auto second = env.take_started();
  REQUIRE(second.size() == 1);
  CHECK(second[0] != first);
  env.fleet.on_runs(second[0], env.now);
  env.now += 61s;
  env.end(second[0]);
  CHECK(env.fleet.empty());
  CHECK_FALSE(env.fleet.next_deadline());
}

TEST_CASE("after some failures in a row one unit at a time is tried", "[manager]") {
  FleetEnv env(1);
  for (int i = 0; i < 5; ++i) env.start();
  auto names = env.take_started();
  REQUIRE(names.size() == 5);
  for (int round = 0; round < 3; ++round) {  // all of one round are one trouble
    for (const std::string& name : names) env.fleet.on_refused(name, "no", env.now);
    env.wait();
    names = env.take_started();
  }
  CHECK(names.size() == 1);
}

TEST_CASE("a unit of before counts, and is stopped by the names of its own workers", "[manager]") {
  FleetEnv env(2, 2);
  env.fleet.on_found("abc", 1, env.now);
  env.fleet.on_runs("abc", env.now);
  CHECK(env.fleet.active() == 1);
  CHECK(env.release("abc", "1"));
  CHECK(env.take_stopped() == std::vector<std::string>{"abc"});
}

TEST_CASE("at the end all stop, what only waits is forgotten, and nothing starts", "[manager]") {
  FleetEnv env;
  const std::string runs = env.unit();
  REQUIRE(env.start());
  env.fleet.on_refused(env.take_started().at(0), "no", env.now);
  env.fleet.stop_all(env.out);
  CHECK(env.take_stopped() == std::vector{runs});
  CHECK_FALSE(env.start());
  env.end(runs);
  CHECK(env.fleet.empty());
}

}  // namespace scaler::manager
