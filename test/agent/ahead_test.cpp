#include <algorithm>
#include <catch2/catch.hpp>

#include "agent/agent_env.hpp"

// Tasks that were sent before what they take is there, since it is made here.
namespace scaler::agent {

namespace {

// Two tasks, of which the second takes what the first makes.
struct TwoTasks : AgentEnv {
  TwoTasks() : TwoTasks(Setup{.store_gives = false}) {}
  explicit TwoTasks(Setup setup) : AgentEnv(setup), made(object("made")) {
    TaskSpec spec;
    spec.result_id = made;
    first = submit(spec);
    give_asked();
    TaskSpec taking;
    taking.objects = {made};
    second = submit(taking);
  }
  // All but what the first task makes.
  void give_asked() {
    for (const ObjectId& id : take_gets()) give(id);
  }
  bool is_asked_for() {
    const auto gets = take_gets();
    return std::find(gets.begin(), gets.end(), made) != gets.end();
  }

  ObjectId made;
  TaskId first, second;
};

}  // namespace

TEST_CASE("a result has the id that its task says, a failure another", "[agent]") {
  AgentEnv env;
  TaskSpec spec;
  spec.result_id = env.object("made");
  const TaskId well = env.submit(spec);
  env.finish(well);
  REQUIRE(env.take_outcome(well).result.results == std::vector<ObjectId>{*spec.result_id});
  spec.result_id = env.object("not made");
  const TaskId badly = env.submit(spec);
  env.raise(badly);
  REQUIRE_FALSE(env.take_outcome(badly).result.results == std::vector<ObjectId>{*spec.result_id});
}

TEST_CASE("an id that is not of the task's owner is not used", "[agent]") {
  AgentEnv env;
  TaskSpec spec;
  spec.result_id = ObjectId{};
  const TaskId task = env.submit(spec);
  env.finish(task);
  REQUIRE_FALSE(env.take_outcome(task).result.results.at(0) == ObjectId{});
}

TEST_CASE("of two tasks with one id the second gets its own", "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  TaskSpec spec;
  spec.result_id = env.object("made");
  const TaskId first = env.submit(spec);
  SECTION("while both are here") {
    const TaskId second = env.submit(spec);
    env.finish(first, "1");
    env.finish(second, "2");
  }
  SECTION("while the first is on its way to the store") {
    env.finish(first, "1");
    const TaskId second = env.submit(spec);
    env.finish(second, "2");
  }
  auto sets = env.take_sets();
  REQUIRE(sets.size() == 2);
  REQUIRE(sets[0] == *spec.result_id);
  REQUIRE_FALSE(sets[1] == *spec.result_id);
}

TEST_CASE("what a task here makes is not asked from the store, and taken from it", "[agent]") {
  TwoTasks env;
  REQUIRE_FALSE(env.is_asked_for());
  env.finish(env.first, std::string(payload_of(env.made).text()));
  REQUIRE(env.running() == env.second);
  REQUIRE_FALSE(env.is_asked_for());
  REQUIRE(env.fake(env.processor_of(env.second)).objects.contains(env.made));
  env.finish(env.second);
  env.acknowledge_all();
  env.take_outcome(env.first);
  env.take_outcome(env.second);
}

TEST_CASE("a task that comes after what it takes was made here has it too", "[agent]") {
  AgentEnv env({.store_gives = false});
  TaskSpec spec;
  spec.result_id = env.object("made");
  spec.result_bytes_max = 100;  // it leaves with its announcement
  const TaskId first = env.submit(spec);
  for (const ObjectId& id : env.take_gets()) env.give(id);
  env.finish(first, std::string(payload_of(*spec.result_id).text()));
  TaskSpec taking;
  taking.objects = {*spec.result_id};
  const TaskId second = env.submit(taking);
  REQUIRE(env.running() == second);
}

TEST_CASE("what a task here will not make is asked from the store", "[agent]") {
  TwoTasks env;
  SECTION("it fails") { env.raise(env.first); }
  SECTION("it is cancelled") { env.cancel(env.first, true); }
  SECTION("its processor dies") { env.end(env.processor_of(env.first)); }
  REQUIRE(env.is_asked_for());
  REQUIRE_FALSE(env.running() == env.second);
  env.give(env.made);
  REQUIRE(env.running() == env.second);
}

TEST_CASE("a task that waits for what others make lets others pass", "[agent]") {
  TwoTasks env;
  env.cancel(env.first, true);
  env.take_gets();
  const TaskId other = env.submit();
  env.advance(2s);
  REQUIRE(env.running() == other);
  env.finish(other);
  env.give(env.made);
  REQUIRE(env.running() == env.second);
}

TEST_CASE("a task that was sent ahead can be cancelled", "[agent]") {
  TwoTasks env;
  env.cancel(env.second, false);
  REQUIRE(env.take_confirm(env.second) == wire::CancelConfirmType::canceled);
  env.finish(env.first);
  env.acknowledge_all();
  env.take_outcome(env.first);
  env.expect_silence();
}

}  // namespace scaler::agent
