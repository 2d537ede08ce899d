#include <catch2/catch.hpp>

#include "agent/agent_env.hpp"
#include "scaler/base/log.hpp"

namespace scaler::agent {

TEST_CASE("a result is stored and acknowledged, then announced, then told", "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  const TaskId task = env.submit();
  env.finish(task, "the answer");
  REQUIRE(env.take_sets().size() == 1);
  env.expect_silence();
  env.acknowledge_all();
  const auto outcome = env.take_outcome(task);  // checks the order
  REQUIRE(outcome.payload.text() == "the answer");
  REQUIRE(outcome.result.type == wire::TaskResultType::success);
  env.expect_silence();
}

TEST_CASE(
    "a small result is announced as soon as it is handed over, and stored again until acknowledged",
    "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  const TaskId task = env.submit();
  env.finish(task, "the answer");
  const auto sets = env.take_sets();
  REQUIRE(sets.size() == 1);
  env.expect_silence();
  env.hand_over(sets[0]);
  REQUIRE(env.take_outcome(task).payload.text() == "the answer");
  env.hand_over(sets[0]);
  env.expect_silence();
  env.lose_store();
  env.reconnect_store();
  REQUIRE(env.take_sets() == sets);
  env.acknowledge_all();
  env.lose_store();
  env.reconnect_store();
  REQUIRE(env.take_sets().empty());
  env.expect_silence();
}

TEST_CASE("neither a failure nor a large result may be announced before the store has it",
          "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  const TaskId failing = env.submit();
  env.raise(failing);
  const TaskId large = env.submit();
  env.finish(large, std::string(100'000, 'x'));
  REQUIRE(env.may_hand_over().empty());
  env.acknowledge_all();
  env.take_outcome(failing);
  env.take_outcome(large);
}

TEST_CASE("the announcement of a result names its owner, type and id", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit({.client = "Client|c7"});
  env.finish(task);
  const auto create = env.take_outcome(task).create;
  REQUIRE(create.type == wire::ObjectInstructionType::create);
  REQUIRE(create.user.text() == "Client|c7");
  REQUIRE(create.ids.size() == 1);
  REQUIRE(create.types == std::vector{wire::ObjectContentType::object});
  const std::string hex = create.ids[0].hex();
  REQUIRE(hex.substr(0, 32) == to_hex(owner_hash_of(as_bytes("Client|c7"))));
  REQUIRE(create.names.at(0).text() == "<res ObjectID(owner_hash=" + hex.substr(0, 32) +
                                           ", object_tag=" + hex.substr(32) + ")>");
}

TEST_CASE("no two results share an id", "[agent]") {
  AgentEnv env;
  std::set<ObjectId> ids;
  for (int i = 0; i < 20; ++i) {
    const TaskId task = env.submit();
    env.finish(task);
    REQUIRE(ids.insert(env.take_outcome(task).create.ids[0]).second);
  }
}

TEST_CASE("the next task runs while earlier results are on their way", "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  const TaskId a = env.submit();
  const TaskId b = env.submit();
  const TaskId c = env.submit();
  env.finish(a);
  env.finish(b);
  REQUIRE(env.running() == c);
  env.acknowledge_all();
  env.take_outcome(a);
  env.take_outcome(b);
  env.expect_silence();
}

TEST_CASE("no task starts while too many result bytes wait for the store", "[agent]") {
  Options options = AgentEnv::some_options();
  options.upload_bytes_max = 10;
  AgentEnv env({.store_acknowledges = false}, options);
  const TaskId a = env.submit();
  const TaskId b = env.submit();
  env.finish(a, "ten bytes!");
  REQUIRE_FALSE(env.running());
  env.advance(10s);  // nor does waiting turn into a busy loop
  env.acknowledge_all();
  REQUIRE(env.running() == b);
}

TEST_CASE("results of short tasks are held back while others wait, and leave together", "[agent]") {
  AgentEnv env;
  std::vector<TaskId> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(env.submit());
  for (int i = 0; i < 3; ++i) env.finish(tasks[i]);
  REQUIRE(env.take_sets().empty());
  env.finish(tasks[3]);  // the fifth runs, and nothing waits behind it
  REQUIRE(env.take_sets().size() == 4);
  for (int i = 0; i < 4; ++i) env.take_outcome(tasks[i]);
  env.expect_silence();
}

TEST_CASE("a result without tasks behind it leaves at once", "[agent]") {
  AgentEnv env;
  for (int i = 0; i < 3; ++i) {
    const TaskId task = env.submit();
    env.finish(task);
    env.take_outcome(task);
  }
}

TEST_CASE("a result is held back for no longer than a moment, however long the next task runs",
          "[agent]") {
  AgentEnv env;
  const TaskId first = env.submit();
  const TaskId second = env.submit();
  env.submit();
  env.finish(first);
  REQUIRE(env.take_sets().empty());
  env.advance(1ms);
  env.take_outcome(first);
  REQUIRE(env.running() == second);
}

TEST_CASE("the result of a task that took its time is not held back", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  for (int i = 0; i < 3; ++i) env.submit();
  env.advance(1ms);
  env.finish(task);
  env.take_outcome(task);
}

TEST_CASE("a large result does not wait for others", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  for (int i = 0; i < 3; ++i) env.submit();
  env.finish(task, std::string(64 << 10, 'x'));
  env.take_outcome(task);
}

TEST_CASE("no more than a few results are held back", "[agent]") {
  AgentEnv env;
  for (int i = 0; i < 100; ++i) env.submit();
  for (int i = 0; i < 15; ++i) env.finish(*env.running());
  REQUIRE(env.take_sets().empty());
  env.finish(*env.running());
  REQUIRE(env.take_sets().size() == 16);
}

TEST_CASE("what was held back when the store was lost is stored once it is back", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  for (int i = 0; i < 3; ++i) env.submit();
  env.finish(task);
  env.lose_store();
  env.advance(1s);
  REQUIRE(env.take_sets().empty());
  env.reconnect_store();
  env.take_outcome(task);
  REQUIRE(env.take_sets().size() == 1);
}

TEST_CASE("a cancel takes back a result that is still held", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  for (int i = 0; i < 3; ++i) env.submit();
  env.finish(task);
  env.cancel(task, true);
  REQUIRE(env.take_confirm(task) == wire::CancelConfirmType::canceled);
  env.advance(1ms);
  const auto said = env.take_said();
  REQUIRE(said.size() == 1);  // the object's announcement alone
  REQUIRE(std::get<wire::ObjectInstruction>(said[0]).ids == env.take_sets());
}

TEST_CASE("results stored in one turn are announced at once, each client's before its results",
          "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  const TaskId a = env.submit();
  const TaskId b = env.submit();
  env.finish(a);
  env.finish(b);
  const TaskId c = env.submit({.client = "Client|c2"});
  env.finish(c);
  env.acknowledge_all();
  std::size_t announcements = 0;
  std::set<ObjectId> announced;
  for (const wire::Message& message : env.take_said()) {
    if (const auto* create = std::get_if<wire::ObjectInstruction>(&message)) {
      ++announcements;
      announced.insert(create->ids.begin(), create->ids.end());
    } else {
      REQUIRE(announced.contains(std::get<wire::TaskResult>(message).results.at(0)));
    }
  }
  REQUIRE(announced.size() == 3);
  REQUIRE(announcements == 2);
}

TEST_CASE("a task that raised is a failed result with the pickled exception", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  env.raise(task, "pickled");
  const auto outcome = env.take_outcome(task);
  REQUIRE(outcome.result.type == wire::TaskResultType::failed);
  REQUIRE(outcome.payload.text() == "pickled");
  REQUIRE_FALSE(outcome.create.names.at(0).empty());
  REQUIRE(env.idle() == 1);  // the processor lives on
}

TEST_CASE("every result carries a profile: time with suspension, processor time, memory",
          "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  const ProcessorId processor = env.processor_of(task);
  env.advance(1s);
  const TaskId urgent = env.submit({.priority = 1});
  env.advance(500ms);
  env.finish(urgent);
  TaskFinished finished{task, false, Bytes::copy_of("42"), ""};
  finished.cpu_seconds = 0.25F;
  finished.memory_peak_bytes = 4096;
  env.fake(processor).task.reset();
  env.say(processor, finished);
  const auto metadata = env.take_outcome(task).result.metadata;
  REQUIRE(metadata.size() == 16);
  const auto profile = wire::decode_task_profile(metadata).value();
  REQUIRE(profile.duration_seconds == 1.5F);
  REQUIRE(profile.cpu_seconds == 0.25F);
  REQUIRE(profile.memory_peak_bytes == 4096);
}

TEST_CASE("the memory of a profile is the growth that heartbeats saw, if that is more", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  const ProcessorId processor = env.processor_of(task);
  for (const std::uint64_t rss : {1000U, 9000U, 3000U}) {
    env.measures.processors = {{processor, {5, rss}}};
    env.advance(2s);
  }
  env.finish(task);
  const auto metadata = env.take_outcome(task).result.metadata;
  REQUIRE(wire::decode_task_profile(metadata)->memory_peak_bytes == 8000);
}

TEST_CASE("output of a streaming task goes to the scheduler before its result", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit({.stream_output = true});
  const ProcessorId processor = env.processor_of(task);
  env.say(processor, TaskOutput{task, false, "hello\n"});
  env.say(processor, TaskOutput{task, true, "oh\n"});
  env.finish(task);
  const auto said = env.take_said();
  REQUIRE(said.size() == 4);
  const auto& out = std::get<wire::TaskLog>(said[0]);
  REQUIRE(out.id == task);
  REQUIRE(out.type == wire::LogType::standard_output);
  REQUIRE(out.content == "hello\n");
  REQUIRE(std::get<wire::TaskLog>(said[1]).type == wire::LogType::standard_error);
}

TEST_CASE("output and results of tasks that a processor does not have are dropped", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  const TaskId queued = env.submit({.stream_output = true});
  const ProcessorId processor = env.processor_of(task);
  env.say(processor, TaskOutput{queued, false, "not mine\n"});
  env.say(processor, TaskOutput{task, false, "not asked to stream\n"});
  env.say(processor, TaskFinished{queued, false, Bytes::copy_of("forged"), ""});
  env.say(processor, ProcessorReady{"9.9"});
  env.say(processor, ProcessorStarted{1});
  env.say(processor, ProcessorFailed{"not at all"});
  env.say(77, TaskFinished{task, false, Bytes::copy_of("forged"), ""});
  env.expect_silence();
  REQUIRE(env.agent().counters().stale_processor_messages == 6);
  REQUIRE(env.running() == task);
  REQUIRE_FALSE(env.left());
}

TEST_CASE("output that is no UTF-8 reaches the client as text all the same", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit({.stream_output = true});
  env.say(env.processor_of(task), TaskOutput{task, false,
                                             "a\xff"
                                             "b"});
  REQUIRE(std::get<wire::TaskLog>(env.take_said().at(0)).content ==
          "a\xef\xbf\xbd"
          "b");
}

}  // namespace scaler::agent
