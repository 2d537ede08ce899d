#include <catch2/catch.hpp>

#include "agent/agent_env.hpp"

namespace scaler::agent {

using wire::CancelConfirmType;

TEST_CASE("a cancel of an unknown task is answered with not found", "[agent]") {
  AgentEnv env;
  for (const bool force : {false, true}) {
    const TaskId unknown{};
    env.cancel(unknown, force);
    REQUIRE(env.take_confirm(unknown) == CancelConfirmType::cancel_not_found);
    env.expect_silence();
  }
}

TEST_CASE("a queued task is cancelled with or without force and never runs", "[agent]") {
  for (const bool force : {false, true}) {
    AgentEnv env;
    const TaskId running = env.submit();
    const TaskId queued = env.submit();
    env.cancel(queued, force);
    REQUIRE(env.take_confirm(queued) == CancelConfirmType::canceled);
    env.finish(running);
    REQUIRE_FALSE(env.running());
    env.take_outcome(running);
    env.expect_silence();
    REQUIRE(env.kills().empty());
  }
}

TEST_CASE("a running task refuses a cancel without force and ends as if nothing was", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  env.cancel(task, false);
  REQUIRE(env.take_confirm(task) == CancelConfirmType::cancel_failed);
  env.finish(task);
  env.take_outcome(task);
  env.expect_silence();
}

TEST_CASE("a forced cancel kills the running task's processor at once and goes on", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  const TaskId next = env.submit();
  const ProcessorId processor = env.processor_of(task);
  env.cancel(task, true);
  REQUIRE(env.take_confirm(task) == CancelConfirmType::canceled);
  REQUIRE(env.kills().size() == 1);
  REQUIRE(env.kills()[0].processor == processor);
  REQUIRE(env.kills()[0].patience == Duration::zero());
  REQUIRE(env.running() == next);  // before the killed one has ended
  env.end(processor);
  env.finish(next);
  env.take_outcome(next);
  env.expect_silence();  // no result, no failure for what was cancelled
}

TEST_CASE("a cancelled processor gets time to end if the worker is set to it", "[agent]") {
  Options options = AgentEnv::some_options();
  options.kill_patience = 3s;
  AgentEnv env({}, options);
  env.cancel(env.submit(), true);
  REQUIRE(env.kills()[0].patience == 3s);
}

TEST_CASE("what a killed processor still says is not heard", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit({.stream_output = true});
  const ProcessorId processor = env.processor_of(task);
  env.cancel(task, true);
  env.take_confirm(task);
  env.say(processor, TaskOutput{task, false, "too late\n"});
  env.say(processor, TaskFinished{task, false, Bytes::copy_of("42"), ""});
  env.expect_silence();
}

TEST_CASE("a suspended task refuses a cancel without force and is resumed later", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  const TaskId urgent = env.submit({.priority = 1});
  env.cancel(task, false);
  REQUIRE(env.take_confirm(task) == CancelConfirmType::cancel_failed);
  env.finish(urgent);
  REQUIRE(env.running() == task);
}

TEST_CASE("a forced cancel of a suspended task leaves nothing of it in the queue", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  const ProcessorId processor = env.processor_of(task);
  const TaskId urgent = env.submit({.priority = 1});
  env.cancel(task, true);
  REQUIRE(env.take_confirm(task) == CancelConfirmType::canceled);
  REQUIRE(env.fake(processor).killed);
  env.end(processor);
  REQUIRE(env.running() == urgent);
  env.finish(urgent);
  REQUIRE_FALSE(env.running());
  env.take_outcome(urgent);
  env.expect_silence();
}

TEST_CASE("a task whose result is being stored refuses a cancel without force", "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  const TaskId task = env.submit();
  env.finish(task);
  env.cancel(task, false);
  REQUIRE(env.take_confirm(task) == CancelConfirmType::cancel_failed);
  env.acknowledge_all();
  env.take_outcome(task);
}

TEST_CASE(
    "a forced cancel while the result is stored: the object gets its owner, no result is told",
    "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  const TaskId task = env.submit();
  env.finish(task);
  env.cancel(task, true);
  REQUIRE(env.take_confirm(task) == CancelConfirmType::canceled);
  env.cancel(task, true);
  REQUIRE(env.take_confirm(task) == CancelConfirmType::cancel_not_found);
  env.acknowledge_all();
  const auto said = env.take_said();
  REQUIRE(said.size() == 1);
  REQUIRE(std::holds_alternative<wire::ObjectInstruction>(said[0]));
}

TEST_CASE("a task that waits for an object can be cancelled", "[agent]") {
  AgentEnv env({.store_gives = false});
  const TaskId task = env.submit();
  env.advance(2s);  // past its turn: others may pass it
  env.cancel(task, false);
  REQUIRE(env.take_confirm(task) == CancelConfirmType::canceled);
  for (const ObjectId& id : env.take_gets()) env.give(id);
  REQUIRE_FALSE(env.running());
}

TEST_CASE("every cancel is answered exactly once", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  for (int i = 0; i < 3; ++i) env.cancel(task, true);
  REQUIRE(env.take_confirm(task) == CancelConfirmType::canceled);
  REQUIRE(env.take_confirm(task) == CancelConfirmType::cancel_not_found);
  REQUIRE(env.take_confirm(task) == CancelConfirmType::cancel_not_found);
  env.expect_silence();
}

}  // namespace scaler::agent
