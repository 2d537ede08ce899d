#include <catch2/catch.hpp>
#include <csignal>

#include "agent/agent_env.hpp"
#include "agent/pickle.hpp"

namespace scaler::agent {

namespace {

bool says(const Bytes& payload, const std::string& text) {
  return payload.text().find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a processor that dies fails its task with ProcessorDiedError and is replaced",
          "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  const TaskId next = env.submit();
  env.advance(2s);
  const ProcessorId processor = env.processor_of(task);
  env.end(processor, {0, 11, "signal 11 (Segmentation fault)"});
  const auto outcome = env.take_outcome(task);
  REQUIRE(outcome.result.type == wire::TaskResultType::failed);
  REQUIRE(outcome.create.user.text() == "Client|c1");
  REQUIRE(outcome.create.names.at(0).empty());
  REQUIRE(outcome.payload ==
          pickle_exception("scaler.utility.exceptions", "ProcessorDiedError",
                           "process_status='zombie': processor 101 ended by signal 11 "
                           "(Segmentation fault)"));
  const auto profile = wire::decode_task_profile(outcome.result.metadata).value();
  REQUIRE(profile.duration_seconds == 2.0F);
  REQUIRE(profile.cpu_seconds == 0.0F);
  REQUIRE(env.running() == next);
  REQUIRE(env.started() == 2);
}

TEST_CASE("a task that ends its process fails the same way", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  env.end(env.processor_of(task), {3, 0, "exit code 3"});
  REQUIRE(says(env.take_outcome(task).payload,
               "process_status='zombie': processor 101 ended by exit code 3"));
}

TEST_CASE("a processor that dies of its processor time limit fails its task with TimeoutError",
          "[agent]") {
  const ProcessorEnd used_up{0, SIGXCPU, "signal 24 (CPU time limit exceeded)"};
  Options options = AgentEnv::some_options();
  options.task_cpu_limit = 7s;
  AgentEnv limited({}, options);
  const TaskId task = limited.submit();
  limited.end(limited.processor_of(task), used_up);
  REQUIRE(limited.take_outcome(task).payload ==
          pickle_exception("builtins", "TimeoutError",
                           "the task used more processor time than task_cpu_limit=7 seconds"));

  const TaskId deaf = limited.submit();
  limited.advance(8s);
  limited.end(limited.processor_of(deaf));
  REQUIRE(says(limited.take_outcome(deaf).payload,
               "signal 9 (Killed); perhaps the task used more processor time than"));

  const TaskId early = limited.submit();
  limited.end(limited.processor_of(early));
  REQUIRE_FALSE(says(limited.take_outcome(early).payload, "perhaps"));

  AgentEnv unlimited;
  const TaskId other = unlimited.submit();
  unlimited.end(unlimited.processor_of(other), used_up);
  REQUIRE(says(unlimited.take_outcome(other).payload, "ProcessorDiedError"));
}

TEST_CASE("a suspended processor that dies fails its task, which never comes back", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  const ProcessorId processor = env.processor_of(task);
  const TaskId urgent = env.submit({.priority = 1});
  env.end(processor);
  REQUIRE(says(env.take_outcome(task).payload, "ProcessorDiedError"));
  env.finish(urgent);
  REQUIRE_FALSE(env.running());
  env.advance(2s);
  REQUIRE(env.take_heartbeats().back().queued_tasks == 0);
}

TEST_CASE("a processor that leaves in order costs no task, not even the one just given to it",
          "[agent]") {
  AgentEnv env;
  const TaskId first = env.submit();
  const TaskId second = env.submit();
  const ProcessorId leaving = env.processor_of(first);
  env.say(leaving, ProcessorLeaves{});
  env.end(leaving, {0, 0, "exit code 0"});
  REQUIRE(env.running() == first);
  REQUIRE(env.processor_of(first) != leaving);
  env.finish(first);
  REQUIRE(env.running() == second);
}

TEST_CASE("a task that was suspended before its leaving processor began it starts elsewhere",
          "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  const ProcessorId leaving = env.processor_of(task);
  const TaskId urgent = env.submit({.priority = 1});
  env.say(leaving, ProcessorLeaves{});
  env.end(leaving, {0, 0, "exit code 0"});
  env.finish(urgent);
  REQUIRE(env.running() == task);
  env.finish(task);
  REQUIRE_FALSE(env.running());
}

TEST_CASE("an idle processor that dies is replaced, and the next task runs", "[agent]") {
  AgentEnv env;
  env.end(env.newest());
  REQUIRE(env.alive() == 1);
  const TaskId task = env.submit();
  REQUIRE(env.running() == task);
  env.expect_silence();
  REQUIRE_FALSE(env.left());
}

TEST_CASE("processors that die idle again and again are started more and more slowly", "[agent]") {
  AgentEnv env;
  for (int i = 0; i < 20; ++i) {
    if (env.alive() > 0) env.end(env.newest());
    env.advance(500ms);
  }
  REQUIRE(env.started() < 12);
  env.advance(5s);
  REQUIRE(env.running() == std::nullopt);
  const TaskId task = env.submit();
  REQUIRE(env.running() == task);
}

TEST_CASE("a processor that dies before it is ready is started again", "[agent]") {
  AgentEnv env({.processors_start = false});
  const TaskId task = env.submit();
  env.end(env.newest());
  env.end(env.newest());
  env.make_ready(env.newest());
  REQUIRE(env.running() == task);
  REQUIRE_FALSE(env.left());
}

TEST_CASE("three processors in a row that die before they are ready end the worker", "[agent]") {
  AgentEnv env({.processors_start = false});
  env.submit();
  for (int i = 0; i < 3; ++i) env.end(env.newest(), {1, 0, "exit code 1"});
  REQUIRE(env.left());
  REQUIRE(env.left()->exit_code == 1);
  const auto said = env.take_said();
  REQUIRE(said.size() == 1);  // so its tasks go elsewhere
  REQUIRE(std::get<wire::DisconnectRequest>(said[0]).worker.text() == "Worker|FIX|aa|bb");
}

TEST_CASE("starting deaths count only in a row", "[agent]") {
  AgentEnv env({.processors_start = false});
  for (int i = 0; i < 5; ++i) {
    env.end(env.newest());
    env.end(env.newest());
    env.make_ready(env.newest());
    const TaskId task = env.submit();
    env.end(env.processor_of(task));
  }
  REQUIRE_FALSE(env.left());
}

TEST_CASE("a processor that says it cannot work ends the worker with one line", "[agent]") {
  AgentEnv env({.processors_start = false});
  env.submit();
  env.say(env.newest(), ProcessorStarted{101});
  env.say(env.newest(), ProcessorFailed{"preload error: m:f: no module named m"});
  REQUIRE(env.left());
  REQUIRE(env.left()->exit_code == 1);
  REQUIRE(env.left()->reason.find("preload error: m:f") != std::string::npos);
  REQUIRE(std::holds_alternative<wire::DisconnectRequest>(env.take_said().at(0)));
}

TEST_CASE("a task that runs longer than the task timeout fails with TimeoutError", "[agent]") {
  Options options = AgentEnv::some_options();
  options.task_timeout = 3s;
  AgentEnv env({}, options);
  const TaskId task = env.submit();
  const TaskId next = env.submit();
  const ProcessorId processor = env.processor_of(task);
  env.advance(2999ms);
  env.expect_silence();
  env.advance(1ms);
  const auto outcome = env.take_outcome(task);
  REQUIRE(outcome.payload == pickle_exception("builtins", "TimeoutError",
                                              "the task ran longer than task_timeout_seconds=3"));
  REQUIRE(env.fake(processor).killed);
  REQUIRE(env.running() == next);
  env.advance(2s);
  env.finish(next);
  env.take_outcome(next);
  env.expect_silence();
}

TEST_CASE("time spent suspended does not count against the task timeout", "[agent]") {
  Options options = AgentEnv::some_options();
  options.task_timeout = 3s;
  AgentEnv env({}, options);
  const TaskId task = env.submit();
  env.advance(2s);
  const TaskId urgent = env.submit({.priority = 1});
  env.advance(2500ms);
  env.finish(urgent);
  env.advance(999ms);
  REQUIRE(env.running() == task);
  env.advance(1ms);
  REQUIRE(says(env.take_outcome(task).payload, "TimeoutError"));
}

TEST_CASE("malformed metadata fails that task and nothing else", "[agent]") {
  AgentEnv env;
  const TaskId running = env.submit();
  for (const std::string& metadata :
       {std::string("\1\xff\xff\xff\xff\0", 6), std::string("short")}) {
    wire::Task task;
    task.id.bytes[5] = static_cast<std::byte>(metadata.size());
    task.source = Bytes::copy_of("Client|c1");
    task.function = env.object("f");
    task.metadata = Bytes::copy_of(metadata);
    env.tell(task);
    const auto outcome = env.take_outcome(task.id);
    REQUIRE(outcome.result.type == wire::TaskResultType::failed);
    REQUIRE(outcome.result.metadata.size() == 16);
    REQUIRE(says(outcome.payload, "ValueError"));
  }
  REQUIRE(env.running() == running);
}

TEST_CASE("an argument that is no object fails that task", "[agent]") {
  AgentEnv env;
  wire::Task task;
  task.id.bytes[5] = std::byte{9};
  task.source = Bytes::copy_of("Client|c1");
  task.function = env.object("f");
  task.arguments = {TaskId{}};
  env.tell(task);
  REQUIRE(says(env.take_outcome(task.id).payload, "ValueError"));
}

}  // namespace scaler::agent
