#include <catch2/catch.hpp>

#include "agent/agent_env.hpp"

namespace scaler::agent {

TEST_CASE("a worker runs one task at a time, the oldest first", "[agent]") {
  AgentEnv env;
  const TaskId a = env.submit();
  const TaskId b = env.submit();
  REQUIRE(env.running() == a);
  env.finish(a);
  REQUIRE(env.running() == b);
  env.finish(b);
  REQUIRE_FALSE(env.running());
  REQUIRE(env.started() == 1);
}

TEST_CASE("tasks that come before a processor is ready wait for it", "[agent]") {
  AgentEnv env({.processors_start = false});
  const TaskId a = env.submit();
  REQUIRE_FALSE(env.running());
  env.make_ready(env.newest());
  REQUIRE(env.running() == a);
}

TEST_CASE("a burst of priorities ends in the documented order with one suspension", "[agent]") {
  AgentEnv env({.processors_start = false});
  env.make_ready(env.newest());
  const TaskId a = env.submit({.priority = 0});
  const TaskId b1 = env.submit({.priority = 1});
  const TaskId b2 = env.submit({.priority = 1});
  const TaskId c = env.submit({.priority = 2});
  const TaskId a2 = env.submit({.priority = 0});
  REQUIRE(env.alive() == 2);  // the new processor is still starting, so nobody else is suspended
  env.make_ready(env.newest());
  while (env.running()) env.finish(*env.running());
  REQUIRE(env.ended_order() == std::vector<TaskId>{c, b1, b2, a, a2});
  REQUIRE(env.started() == 2);
}

TEST_CASE("for equal priority a suspended task comes before a new one", "[agent]") {
  AgentEnv env;
  const TaskId a = env.submit({.priority = 1});
  const TaskId later = env.submit({.priority = 1});
  const TaskId urgent = env.submit({.priority = 2});
  REQUIRE(env.running() == urgent);
  env.finish(urgent);
  REQUIRE(env.running() == a);
  env.finish(a);
  REQUIRE(env.running() == later);
}

TEST_CASE("only a strictly higher priority suspends the running task", "[agent]") {
  AgentEnv env;
  const TaskId a = env.submit({.priority = 3});
  env.submit({.priority = 3});
  env.submit({.priority = 2});
  REQUIRE(env.running() == a);
  const TaskId urgent = env.submit({.priority = 4});
  REQUIRE(env.running() == urgent);
  REQUIRE(env.fake(env.processor_of(a)).suspended);
  REQUIRE_FALSE(env.fake(env.processor_of(a)).hard);
}

TEST_CASE("the highest priority there is does not overflow the order", "[agent]") {
  AgentEnv env;
  const TaskId low = env.submit({.priority = 0});
  const TaskId high = env.submit({.priority = 2147483647});
  REQUIRE(env.running() == high);
  env.finish(high);
  REQUIRE(env.running() == low);
}

TEST_CASE("hard suspension is asked for if the worker is set to it", "[agent]") {
  Options options = AgentEnv::some_options();
  options.hard_suspend = true;
  AgentEnv env({}, options);
  const TaskId a = env.submit();
  env.submit({.priority = 1});
  REQUIRE(env.fake(env.processor_of(a)).hard);
}

TEST_CASE("nesting goes as deep as priorities do, and every level is resumed", "[agent]") {
  AgentEnv env;
  std::vector<TaskId> tasks;
  for (std::int32_t depth = 0; depth < 20; ++depth)
    tasks.push_back(env.submit({.priority = depth}));
  REQUIRE(env.started() == 20);
  for (std::size_t i = tasks.size(); i-- > 0;) {
    REQUIRE(env.running() == tasks[i]);
    env.finish(tasks[i]);
  }
  REQUIRE(env.alive() <= 2);
}

TEST_CASE("a spare processor stays warm, so the next suspension starts none", "[agent]") {
  AgentEnv env;
  const TaskId parent = env.submit();
  for (int i = 0; i < 10; ++i) {
    const TaskId child = env.submit({.priority = 1});
    REQUIRE(env.running() == child);
    env.finish(child);
    REQUIRE(env.running() == parent);
  }
  REQUIRE(env.started() == 2);
  REQUIRE(env.kills().empty());
}

TEST_CASE("no more than one spare is kept beside a running task", "[agent]") {
  AgentEnv env;
  const TaskId a = env.submit();
  const TaskId b = env.submit({.priority = 1});
  const TaskId c = env.submit({.priority = 2});
  env.finish(c);
  env.finish(b);
  REQUIRE(env.running() == a);
  REQUIRE(env.alive() == 2);
  REQUIRE(env.kills().size() == 1);
  REQUIRE(env.kills()[0].patience == Duration::zero());
}

TEST_CASE("a task that ended just before its suspension counts, and its processor goes",
          "[agent]") {
  AgentEnv env;
  const TaskId a = env.submit();
  const ProcessorId first = env.processor_of(a);
  const TaskId urgent = env.submit({.priority = 1});
  env.finish(a, "late");
  REQUIRE(env.take_outcome(a).payload.text() == "late");
  REQUIRE(env.fake(first).killed);
  REQUIRE(env.running() == urgent);
  env.finish(urgent);
  REQUIRE_FALSE(env.running());  // a is not run again
}

TEST_CASE("a task that is already here is not taken twice, whatever its state", "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  const TaskId a = env.submit();
  const TaskId b = env.submit();
  const TaskId c = env.submit({.priority = 1});
  for (const TaskId& task : {a, b, c}) env.submit_again(task);  // suspended, queued, running
  env.finish(c);
  env.submit_again(c);  // its result is being stored
  env.finish(a);
  env.finish(b);
  REQUIRE_FALSE(env.running());
  REQUIRE(env.agent().counters().duplicate_tasks == 4);
  env.acknowledge_all();
  for (const TaskId& task : {a, b, c}) env.take_outcome(task);
  env.expect_silence();
}

TEST_CASE("empty task metadata means priority 0 and no streaming", "[agent]") {
  AgentEnv env;
  wire::Task task;
  task.id.bytes[3] = std::byte{1};
  task.source = Bytes::copy_of("Client|c1");
  task.function = env.object("f");
  env.tell(task);
  REQUIRE(env.running() == task.id);
  env.submit({.priority = 1});
  REQUIRE(env.fake(env.processor_of(task.id)).suspended);
}

}  // namespace scaler::agent
