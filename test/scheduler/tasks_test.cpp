#include <catch2/catch.hpp>

#include "scheduler/env.hpp"
#include "scheduler/task_state.hpp"

namespace scaler::scheduler {

using wire::CancelConfirmType;
using wire::TaskResultType;
using wire::TaskState;

namespace {

// One client, one worker with one place, one task on it.
struct OneTask : SchedulerEnv {
  explicit OneTask(Options options = quiet()) : SchedulerEnv(std::move(options)) {
    client = add_client();
    worker = add_worker();
    task = submit(client);
    expect_task(worker, task);
  }
  TestPeer client;
  TestPeer worker;
  TaskId task;
};

// Every state a task can be in while a worker has it.
void bring_to(OneTask& env, State state) {
  if (state == State::canceling) {
    env.cancel(env.client, env.task);
    env.expect_cancel(env.worker, env.task, true);
  }
  if (state == State::balance_canceling) {
    env.lose(env.worker);  // coming back, the worker is asked for everything
    env.worker = env.reconnect(env.worker);
    env.expect_cancel(env.worker, env.task, false);
  }
}

}  // namespace

TEST_CASE("the transition table says what every event does in every state", "[scheduler]") {
  using enum Step;
  const auto row = [](State state) {
    std::vector<Step> steps;
    for (int event = 0; event < 8; ++event) steps.push_back(step_of(state, Event(event)));
    return steps;
  };
  REQUIRE(row(State::inactive) ==
          std::vector{run, answer, Step::canceled, refuse, refuse, refuse, refuse, refuse});
  REQUIRE(row(State::running) ==
          std::vector{refuse, answer, cancel, balance, rerun, refuse, refuse, rerun});
  REQUIRE(row(State::canceling) == std::vector{refuse, answer, refuse, refuse, Step::canceled,
                                               resume, not_found, Step::canceled});
  REQUIRE(row(State::balance_canceling) ==
          std::vector{refuse, answer, cancel, refuse, requeue, resume, rerun, rerun});
  REQUIRE(row(State::abandoned) ==
          std::vector{refuse, forget, refuse, refuse, forget, refuse, forget, forget});
}

TEST_CASE("a result goes to the owner as it came, whatever its type and the task's state",
          "[scheduler]") {
  const auto state = GENERATE(State::running, State::canceling, State::balance_canceling);
  const auto type = GENERATE(TaskResultType::success, TaskResultType::failed);
  OneTask env;
  bring_to(env, state);
  const ObjectId object = env.finish(env.worker, env.client, env.task, type);
  const auto result = env.take<wire::TaskResult>(env.client);
  REQUIRE(result.type == type);
  REQUIRE(result.results == std::vector{object});
  REQUIRE(result.metadata == Bytes::copy_of("0123456789abcdef"));
  REQUIRE(env.count(wire_state(type)) == 1);
  env.expect_silence();
}

TEST_CASE("a worker that reports a dead process ends the task", "[scheduler]") {
  OneTask env;
  env.say(env.worker, wire::TaskResult{env.task, TaskResultType::failed_worker_died, {}, {}});
  env.expect_result(env.client, env.task, TaskResultType::failed_worker_died);
  REQUIRE(env.count(TaskState::failed_worker_died) == 1);
}

TEST_CASE("a result that clients could not bear is corrected", "[scheduler]") {
  OneTask env;
  env.say(env.worker, wire::TaskResult{env.task,
                                       TaskResultType::success,
                                       Bytes::copy_of("odd"),
                                       {env.new_object_id(), env.new_object_id()}});
  const auto result = env.take<wire::TaskResult>(env.client);
  REQUIRE(result.type == TaskResultType::failed_worker_died);
  REQUIRE(result.results.empty());
  REQUIRE(result.metadata.empty());
}

TEST_CASE("a result for a task that waits, from a worker that never had it, is refused",
          "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto task = env.submit(client);
  const auto worker = env.add_worker({.slots = 0});
  env.say(worker, wire::TaskResult{task, TaskResultType::failed_worker_died, {}, {}});
  REQUIRE(env.core.counters().messages_refused == 1);
  REQUIRE(env.count(TaskState::inactive) == 1);
  env.expect_silence();
}

TEST_CASE("results and confirms of another worker are refused", "[scheduler]") {
  OneTask env;
  const auto stranger = env.add_worker({.slots = 0});
  env.say(stranger, wire::TaskResult{env.task, TaskResultType::failed_worker_died, {}, {}});
  env.confirm(stranger, env.task, CancelConfirmType::canceled);
  env.say(env.client, wire::TaskResult{env.task, TaskResultType::failed_worker_died, {}, {}});
  REQUIRE(env.core.counters().messages_refused == 3);
  REQUIRE(env.count(TaskState::running) == 1);
  env.expect_silence();
}

TEST_CASE("a second result for the same task is dropped", "[scheduler]") {
  OneTask env;
  env.finish(env.worker, env.client, env.task);
  env.finish(env.worker, env.client, env.task);
  env.expect_result(env.client, env.task, TaskResultType::success);
  env.expect_silence();
}

TEST_CASE("cancelling an unknown task is answered with not found", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto id = env.new_task_id();
  env.cancel(client, id);
  env.expect_confirm(client, id, CancelConfirmType::cancel_not_found);
  env.expect_silence();
}

TEST_CASE("cancelling a waiting task is confirmed at once", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto task = env.submit(client);
  env.cancel(client, task);
  env.expect_confirm(client, task, CancelConfirmType::canceled);
  env.add_worker();
  env.expect_silence();
}

TEST_CASE("a cancel travels to the worker as the client said it", "[scheduler]") {
  const bool force = GENERATE(true, false);
  OneTask env;
  env.cancel(env.client, env.task, force);
  env.expect_cancel(env.worker, env.task, force);
  env.expect_silence();
  REQUIRE(env.count(TaskState::canceling) == 1);
}

TEST_CASE("a confirmed cancel reaches the owner", "[scheduler]") {
  const auto type = GENERATE(CancelConfirmType::canceled, CancelConfirmType::cancel_not_found);
  OneTask env;
  bring_to(env, State::canceling);
  env.confirm(env.worker, env.task, type);
  env.expect_confirm(env.client, env.task, type);
  env.expect_silence();
  REQUIRE(env.count(type == CancelConfirmType::canceled ? TaskState::canceled
                                                        : TaskState::canceled_not_found) == 1);
}

TEST_CASE("a refused cancel is not told; the result follows and can be cancelled again",
          "[scheduler]") {
  OneTask env;
  env.cancel(env.client, env.task, false);
  env.expect_cancel(env.worker, env.task, false);
  env.confirm(env.worker, env.task, CancelConfirmType::cancel_failed);
  env.expect_silence();
  REQUIRE(env.count(TaskState::running) == 1);
  env.cancel(env.client, env.task, true);
  env.expect_cancel(env.worker, env.task, true);
  env.confirm(env.worker, env.task, CancelConfirmType::canceled);
  env.expect_confirm(env.client, env.task, CancelConfirmType::canceled);
}

TEST_CASE("a second cancel is not asked twice, but force is remembered", "[scheduler]") {
  OneTask env;
  env.cancel(env.client, env.task, false);
  env.expect_cancel(env.worker, env.task, false);
  env.cancel(env.client, env.task, true);
  env.expect_silence();
  env.confirm(env.worker, env.task, CancelConfirmType::cancel_failed);
  env.expect_cancel(env.worker, env.task, true);
  env.confirm(env.worker, env.task, CancelConfirmType::canceled);
  env.expect_confirm(env.client, env.task, CancelConfirmType::canceled);
  env.expect_silence();
}

TEST_CASE("a cancel during balancing needs no second question unless the worker runs the task",
          "[scheduler]") {
  OneTask env;
  bring_to(env, State::balance_canceling);
  env.cancel(env.client, env.task, true);
  env.expect_silence();
  SECTION("it was queued") {
    env.confirm(env.worker, env.task, CancelConfirmType::canceled);
    env.expect_confirm(env.client, env.task, CancelConfirmType::canceled);
  }
  SECTION("it runs: the client's force is still meant") {
    env.confirm(env.worker, env.task, CancelConfirmType::cancel_failed);
    env.expect_cancel(env.worker, env.task, true);
    env.confirm(env.worker, env.task, CancelConfirmType::canceled);
    env.expect_confirm(env.client, env.task, CancelConfirmType::canceled);
  }
  env.expect_silence();
}

TEST_CASE("a task given back goes to the least loaded worker and the client hears nothing",
          "[scheduler]") {
  OneTask env;
  bring_to(env, State::balance_canceling);
  env.confirm(env.worker, env.task, CancelConfirmType::canceled);
  env.expect_task(env.worker, env.task);
  env.expect_silence();
  REQUIRE(env.core.counters().tasks_rerun == 0);
}

TEST_CASE("a worker that runs what is asked back keeps it", "[scheduler]") {
  OneTask env;
  bring_to(env, State::balance_canceling);
  env.confirm(env.worker, env.task, CancelConfirmType::cancel_failed);
  env.expect_silence();
  REQUIRE(env.count(TaskState::running) == 1);
  env.finish(env.worker, env.client, env.task);
  env.expect_result(env.client, env.task, TaskResultType::success);
}

TEST_CASE("a worker that does not know what is asked back has lost it: it runs again",
          "[scheduler]") {
  OneTask env;
  bring_to(env, State::balance_canceling);
  env.confirm(env.worker, env.task, CancelConfirmType::cancel_not_found);
  env.expect_task(env.worker, env.task);
  REQUIRE(env.core.counters().tasks_rerun == 1);
  env.expect_silence();
}

TEST_CASE("refused and unknown confirms of a running task change nothing", "[scheduler]") {
  const auto type = GENERATE(CancelConfirmType::cancel_failed, CancelConfirmType::cancel_not_found);
  OneTask env;
  env.confirm(env.worker, env.task, type);
  env.expect_silence();
  REQUIRE(env.count(TaskState::running) == 1);
  REQUIRE(env.core.counters().messages_refused == 1);
}

TEST_CASE("a worker that drops a task unasked has it run again", "[scheduler]") {
  OneTask env;
  env.confirm(env.worker, env.task, CancelConfirmType::canceled);
  env.expect_task(env.worker, env.task);
  env.expect_silence();
}

TEST_CASE("a task whose worker vanishes runs once more elsewhere", "[scheduler]") {
  const auto state = GENERATE(State::running, State::balance_canceling);
  OneTask env;
  bring_to(env, state);
  const auto other = env.add_worker();
  env.lose(env.worker);
  env.expect_silence();
  env.advance(3s);
  env.expect_task(other, env.task);
  env.expect_silence();
  REQUIRE(env.core.counters().tasks_rerun == 1);
}

TEST_CASE("a task that was being cancelled when its worker vanished is cancelled", "[scheduler]") {
  OneTask env;
  bring_to(env, State::canceling);
  env.lose(env.worker);
  env.advance(3s);
  env.expect_confirm(env.client, env.task, CancelConfirmType::canceled);
  env.expect_silence();
}

TEST_CASE("a task that kills its workers is given up after the last retry", "[scheduler]") {
  auto options = SchedulerEnv::quiet();
  options.task_retries_max = 2;
  SchedulerEnv env(options);
  const auto client = env.add_client();
  const auto task = env.submit(client);
  for (int run = 0; run < 3; ++run) {
    const auto worker = env.add_worker();
    env.expect_task(worker, task);
    env.lose(worker);
    env.advance(3s);
  }
  const auto result = env.take<wire::TaskResult>(client);
  REQUIRE(result.type == TaskResultType::failed_worker_died);
  REQUIRE(result.results.empty());
  REQUIRE(result.metadata.empty());
  env.expect_silence();
}

TEST_CASE("workers that say good-bye do not count against their tasks", "[scheduler]") {
  auto options = SchedulerEnv::quiet();
  options.task_retries_max = 0;
  SchedulerEnv env(options);
  const auto client = env.add_client();
  const auto task = env.submit(client);
  const auto worker = env.add_worker();
  env.expect_task(worker, task);
  env.say(worker, wire::DisconnectRequest{worker.identity});
  env.take<wire::DisconnectResponse>(worker);
  env.expect_silence();
  env.expect_task(env.add_worker(), task);
}

TEST_CASE("the first result wins, also from the worker that was given up", "[scheduler]") {
  auto options = SchedulerEnv::quiet();
  options.worker_timeout = 5s;
  OneTask env(options);
  env.advance(4s);
  const auto other = env.add_worker();
  env.advance(2s);  // the first one has been silent for too long
  env.expect_task(other, env.task);
  env.finish(env.worker, env.client, env.task);
  env.expect_result(env.client, env.task, TaskResultType::success);
  env.expect_cancel(other, env.task, false);
  env.finish(other, env.client, env.task);
  env.expect_silence();
}

TEST_CASE("a late result ends a task that waits for another worker", "[scheduler]") {
  auto options = SchedulerEnv::quiet();
  options.worker_timeout = 5s;
  OneTask env(options);
  env.advance(7s);
  REQUIRE(env.count(TaskState::inactive) == 1);
  env.finish(env.worker, env.client, env.task);
  env.expect_result(env.client, env.task, TaskResultType::success);
  REQUIRE(env.count(TaskState::inactive) == 0);
}

TEST_CASE("a live task's id is not taken twice", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto task = env.task_of(client);
  env.say(client, task);
  env.say(client, task);
  REQUIRE(env.core.counters().messages_refused == 1);
  env.expect_task(env.add_worker({.slots = 10}), task.id);
  env.expect_silence();
}

TEST_CASE("a task that would end any worker is answered without reaching one", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto worker = env.add_worker();
  auto task = env.task_of(client);
  SECTION("flags of another length") { task.metadata = Bytes::copy_of("xx"); }
  SECTION("negative priority") {
    task.metadata = Bytes::copy_of(std::string_view("\1\xff\xff\xff\xff\0", 6));
  }
  SECTION("an argument that only a graph could resolve") { task.arguments = {env.new_task_id()}; }
  env.say(client, task);
  env.expect_result(client, task.id, TaskResultType::failed_worker_died);
  env.expect_silence();
}

TEST_CASE("over the waiting limit a task is answered at once", "[scheduler]") {
  auto options = SchedulerEnv::quiet();
  options.tasks_waiting_max = 2;
  SchedulerEnv env(options);
  const auto client = env.add_client();
  const auto first = env.submit(client);
  env.submit(client);
  const auto third = env.submit(client);
  const auto result = env.take<wire::TaskResult>(client);
  REQUIRE(result.id == third);
  REQUIRE(result.type == TaskResultType::failed_worker_died);
  REQUIRE(result.results.empty());
  env.expect_silence();
  env.submit(client, {.priority = 1});  // its parent waits for it
  env.expect_silence();
  const auto worker = env.add_worker();
  env.take<wire::Task>(worker);
  (void)first;
}

TEST_CASE("with a waiting limit of zero a task runs if there is room for it", "[scheduler]") {
  auto options = SchedulerEnv::quiet();
  options.tasks_waiting_max = 0;
  SchedulerEnv env(options);
  const auto client = env.add_client();
  const auto worker = env.add_worker();
  const auto runs = env.submit(client);
  env.expect_task(worker, runs);
  const auto refused = env.submit(client);
  env.expect_result(client, refused, TaskResultType::failed_worker_died);
  env.expect_silence();
}

TEST_CASE("log lines go to the owner while the task lives, and nowhere afterwards", "[scheduler]") {
  OneTask env;
  const wire::TaskLog line{env.task, wire::LogType::standard_output, "hello"};
  env.say(env.worker, line);
  REQUIRE(env.take<wire::TaskLog>(env.client) == line);
  env.finish(env.worker, env.client, env.task);
  env.expect_result(env.client, env.task, TaskResultType::success);
  env.say(env.worker, line);
  env.expect_silence();
}

}  // namespace scaler::scheduler
