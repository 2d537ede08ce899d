#include <catch2/catch.hpp>

#include "scheduler/env.hpp"

namespace scaler::scheduler {

using wire::CancelConfirmType;
using wire::TaskResultType;
using wire::TaskState;

// ---- clients ----

TEST_CASE("every client heartbeat is echoed with the advertised storage address", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.connect("Client|a");
  for (int i = 0; i < 3; ++i) env.client_heartbeat(client);
  for (int i = 0; i < 3; ++i)
    REQUIRE(env.take<wire::ClientHeartbeatEcho>(client).object_storage ==
            wire::ObjectStorageAddress{"storage.example", 6379, "tcp"});
  env.expect_silence();
}

TEST_CASE("an unregistered source has its task run and answered", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.connect("Client|quiet");
  const auto task = env.submit(client);
  const auto worker = env.add_worker();
  env.expect_task(worker, task);
  env.say(worker, wire::TaskResult{task, TaskResultType::failed_worker_died, {}, {}});
  env.expect_result(client, task, TaskResultType::failed_worker_died);
  REQUIRE(env.status().clients.empty());
}

TEST_CASE("what an unregistered source gets is its own, and deleted at its word or with it",
          "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.connect("Client|quiet");
  const auto task = env.submit(client);
  const auto worker = env.add_worker();
  env.expect_task(worker, task);
  const auto object = env.finish(worker, client, task);
  env.expect_result(client, task, TaskResultType::success);
  REQUIRE(env.status().objects == 1);
  SECTION("it lets go of it") {
    env.say(client, wire::ObjectInstruction{
                        wire::ObjectInstructionType::remove, client.identity, {object}, {}, {}});
  }
  SECTION("it says its heartbeat at last, and leaves") {
    env.client_heartbeat(client);
    env.take_any(client);
    env.say(client, wire::ClientDisconnect{});
  }
  SECTION("it is gone") { env.lose(client); }
  env.advance(3600s);
  REQUIRE(env.deleted == std::vector{object});
  REQUIRE(env.status().objects == 0);
  REQUIRE(env.status().clients.empty());
}

TEST_CASE("a client that is silent for longer than its time-out is forgotten", "[scheduler]") {
  auto options = SchedulerEnv::quiet();
  options.client_timeout = 3s;
  SchedulerEnv env(options);
  const auto client = env.add_client();
  const auto worker = env.add_worker();
  const auto running = env.submit(client);
  env.submit(client);
  env.expect_task(worker, running);
  env.advance(3s);
  REQUIRE(env.count(TaskState::inactive) == 1);
  env.advance(2s);
  env.expect_cancel(worker, running, false);
  REQUIRE(env.count(TaskState::inactive) == 0);
  env.expect_silence();
}

TEST_CASE("any message keeps a client alive", "[scheduler]") {
  auto options = SchedulerEnv::quiet();
  options.client_timeout = 3s;
  SchedulerEnv env(options);
  const auto client = env.add_client();
  for (int i = 0; i < 5; ++i) {
    env.advance(2s);
    env.submit(client);
  }
  REQUIRE(env.count(TaskState::inactive) == 5);
}

TEST_CASE("a client that leaves has its tasks cancelled without force and its objects deleted",
          "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto worker = env.add_worker();
  const auto function = env.create(client, client.identity);
  const auto running = env.submit(client);
  env.submit(client);
  env.expect_task(worker, running);
  env.say(client, wire::ClientDisconnect{});
  env.expect_cancel(worker, running, false);
  env.expect_silence();

  SECTION("what was queued ends at once") {
    env.confirm(worker, running, CancelConfirmType::canceled);
  }
  SECTION("what runs, runs to its end unheard, and its result is deleted") {
    env.confirm(worker, running, CancelConfirmType::cancel_failed);
    env.advance(5s);
    REQUIRE(env.deleted.empty());  // its arguments are still needed
    const auto late = env.finish(worker, client, running);
    env.advance(1s);
    REQUIRE(std::count(env.deleted.begin(), env.deleted.end(), late) == 1);
  }
  SECTION("its worker is lost: it is not run again") {
    env.lose(worker);
    env.advance(4s);
    env.add_worker();
  }
  env.advance(2s);
  REQUIRE(std::count(env.deleted.begin(), env.deleted.end(), function) == 1);
  REQUIRE(env.status().clients.empty());
  REQUIRE(env.status().objects == 0);
}

TEST_CASE("creating and deleting after a disconnect is tolerated", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto object = env.create(client, client.identity);
  env.say(client, wire::ClientDisconnect{});
  env.say(client, wire::ObjectInstruction{
                      wire::ObjectInstructionType::remove, client.identity, {object}, {}, {}});
  env.create(client, client.identity);
  env.advance(2s);
  REQUIRE(env.deleted == std::vector{object});
  env.expect_silence();
}

TEST_CASE("a client that comes back after leaving is a new one", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  env.say(client, wire::ClientDisconnect{});
  env.client_heartbeat(client);
  env.take<wire::ClientHeartbeatEcho>(client);
  env.submit(client);
  REQUIRE(env.status().clients.size() == 1);
  REQUIRE(env.status().clients[0].tasks == 1);
}

TEST_CASE("answers to a client that is away are kept until it is back", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto worker = env.add_worker();
  const auto first = env.submit(client);
  const auto second = env.submit(client);
  env.expect_task(worker, first);
  env.lose(client);
  env.finish(worker, client, first);
  env.expect_task(worker, second);
  env.expect_silence();
  const auto back = env.reconnect(client);
  env.expect_result(back, first, TaskResultType::success);
  env.finish(worker, client, second);
  env.expect_result(back, second, TaskResultType::success);
  env.expect_silence();
}

TEST_CASE("a client that stays away is forgotten after its time-out", "[scheduler]") {
  auto options = SchedulerEnv::quiet();
  options.client_timeout = 3s;
  SchedulerEnv env(options);
  const auto client = env.add_client();
  env.submit(client);
  env.lose(client);
  env.advance(5s);
  REQUIRE(env.count(TaskState::canceled) == 1);
  REQUIRE_FALSE(env.core.next_deadline());
  env.expect_silence();
}

TEST_CASE("a protected scheduler refuses to shut down", "[scheduler]") {
  auto options = SchedulerEnv::quiet();
  options.is_protected = true;
  SchedulerEnv env(options);
  const auto client = env.add_client();
  env.add_worker();
  env.say(client, wire::ClientDisconnect{wire::DisconnectType::shutdown});
  REQUIRE_FALSE(env.take<wire::ClientShutdownResponse>(client).accepted);
  REQUIRE_FALSE(env.shut_down);
  env.expect_silence();
}

TEST_CASE("shutdown is answered, then told to every worker", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto first = env.add_worker();
  const auto second = env.add_worker();
  env.say(client, wire::ClientDisconnect{wire::DisconnectType::shutdown});
  REQUIRE(env.take<wire::ClientShutdownResponse>(client).accepted);
  for (const auto& worker : {first, second})
    REQUIRE(env.take<wire::ClientDisconnect>(worker).type == wire::DisconnectType::shutdown);
  REQUIRE(env.shut_down);
  env.expect_silence();
}

TEST_CASE("a task or graph of another source is refused", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto other = env.add_client();
  env.say(other, env.task_of(client));
  env.say(other, wire::GraphTask{env.new_task_id(), client.identity, {}, {}});
  REQUIRE(env.core.counters().messages_refused == 2);
  REQUIRE(env.core.counters().tasks_accepted == 0);
  env.expect_silence();
}

TEST_CASE("nobody cancels another client's task", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto other = env.add_client();
  const auto worker = env.add_worker();
  const auto running = env.submit(client);
  const auto waiting = env.submit(client);
  env.expect_task(worker, running);
  for (const auto& task : {running, waiting}) {
    env.cancel(other, task);
    env.expect_confirm(other, task, CancelConfirmType::cancel_not_found);
  }
  REQUIRE(env.core.counters().messages_refused == 2);
  env.expect_silence();
}

// ---- workers ----

TEST_CASE("a new worker gets waiting tasks before its first echo", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto first = env.submit(client);
  const auto second = env.submit(client);
  const auto worker = env.connect("Worker|w");
  env.say(worker, env.heartbeat_of({.slots = 2}));
  env.expect_task(worker, first);
  env.expect_task(worker, second);
  REQUIRE(env.take<wire::WorkerHeartbeatEcho>(worker).object_storage.port == 6379);
  env.expect_silence();
}

TEST_CASE("only the first heartbeat says how much a worker takes", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto worker = env.add_worker({.slots = 1});
  env.say(worker, env.heartbeat_of({.slots = 5}));
  env.take<wire::WorkerHeartbeatEcho>(worker);
  for (int i = 0; i < 3; ++i) env.submit(client);
  env.take<wire::Task>(worker);
  env.expect_silence();
}

TEST_CASE("a worker that announces no places gets no work", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  env.add_worker({.slots = 0});
  env.submit(client);
  env.submit(client, {.priority = 1});
  env.expect_silence();
}

TEST_CASE("a worker that times out loses its tasks in order of assignment, ahead of the queue",
          "[scheduler]") {
  auto options = SchedulerEnv::quiet();
  options.worker_timeout = 3s;
  SchedulerEnv env(options);
  const auto client = env.add_client();
  const auto worker = env.add_worker({.slots = 3});
  std::vector<TaskId> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(env.submit(client));
  for (int i = 0; i < 3; ++i) env.expect_task(worker, tasks[static_cast<std::size_t>(i)]);
  env.advance(5s);
  const auto other = env.add_worker({.slots = 5});
  for (const auto& task : tasks) env.expect_task(other, task);
  env.expect_silence();
}

TEST_CASE("a disconnect request is always answered, but only oneself is disconnected",
          "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto worker = env.add_worker();
  const auto task = env.submit(client);
  env.expect_task(worker, task);
  const auto other = env.connect("Worker|other");
  for (const auto& named : {worker.identity, Bytes::copy_of("Worker|nobody"), other.identity}) {
    env.say(other, wire::DisconnectRequest{named});
    REQUIRE(env.take<wire::DisconnectResponse>(other).worker == named);
  }
  REQUIRE(env.status().workers.size() == 1);
  REQUIRE(env.core.counters().messages_refused == 2);
  env.expect_silence();
}

TEST_CASE("a worker that is back within the grace keeps what it runs", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto worker = env.add_worker({.slots = 2});
  const auto runs = env.submit(client);
  const auto queued = env.submit(client);
  env.expect_task(worker, runs);
  env.expect_task(worker, queued);
  env.lose(worker);
  const auto waiting = env.submit(client);
  env.advance(2s);
  env.expect_silence();
  const auto back = env.reconnect(worker);
  env.expect_cancel(back, runs, false);
  env.expect_cancel(back, queued, false);
  env.confirm(back, runs, CancelConfirmType::cancel_failed);
  env.confirm(back, queued, CancelConfirmType::canceled);
  env.expect_task(back, queued);
  env.advance(10s);
  env.finish(back, client, runs);
  env.expect_result(client, runs, TaskResultType::success);
  env.expect_task(back, waiting);
  REQUIRE(env.core.counters().tasks_rerun == 0);
  env.expect_silence();
}

TEST_CASE("a cancel that a worker may have missed is asked again when it is back", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto worker = env.add_worker();
  const auto task = env.submit(client);
  env.expect_task(worker, task);
  env.lose(worker);
  env.cancel(client, task, true);
  const auto back = env.reconnect(worker);
  env.expect_cancel(back, task, true);
  env.confirm(back, task, CancelConfirmType::canceled);
  env.expect_confirm(client, task, CancelConfirmType::canceled);
  env.expect_silence();
}

TEST_CASE("identities may be any bytes", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client(std::string("\0\xff\xfe", 3));
  const auto worker = env.add_worker({.identity = std::string("\x80\0w", 3)});
  const auto task = env.submit(client);
  env.expect_task(worker, task);
  env.finish(worker, client, task);
  env.expect_result(client, task, TaskResultType::success);
}

TEST_CASE("a peer without an identity is sent away", "[scheduler]") {
  SchedulerEnv env;
  env.connect("");
  REQUIRE(env.dropped.size() == 1);
}

TEST_CASE("messages that are not for a scheduler are counted and ignored", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  env.say(client, wire::InformationRequest{});
  env.say(client, wire::WorkerHeartbeatEcho{});
  env.say(client, wire::StateClient{});
  env.say(client, wire::ProcessorInitialized{});
  REQUIRE(env.core.counters().messages_refused == 4);
  env.expect_silence();
}

// ---- objects ----

TEST_CASE("an object is deleted when its last user lets go of it", "[scheduler]") {
  SchedulerEnv env;
  const auto first = env.add_client();
  const auto second = env.add_client();
  const auto worker = env.add_worker();
  const auto object = env.create(first, first.identity);
  const auto create = [&](const TestPeer& client) {
    env.say(client, wire::ObjectInstruction{wire::ObjectInstructionType::create,
                                            client.identity,
                                            {object},
                                            {wire::ObjectContentType::object},
                                            {Bytes::copy_of("f")}});
  };
  const auto remove = [&](const TestPeer& client) {
    env.say(client, wire::ObjectInstruction{
                        wire::ObjectInstructionType::remove, client.identity, {object}, {}, {}});
  };
  create(first);  // a second create by the same client is no second use
  create(second);
  remove(first);
  env.advance(2s);
  REQUIRE(env.deleted.empty());
  REQUIRE(env.status().objects == 1);
  remove(second);
  remove(second);
  env.advance(1s);
  const auto told = env.take<wire::ObjectInstruction>(worker);
  REQUIRE(told.type == wire::ObjectInstructionType::remove);
  REQUIRE(told.user.empty());
  REQUIRE(told.ids == std::vector{object});
  REQUIRE(env.deleted == std::vector{object});
  REQUIRE(env.status().objects == 0);
  env.expect_silence();
}

TEST_CASE("only its client, or a worker that works for it, creates an object", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto other = env.add_client();
  const auto worker = env.add_worker();
  env.create(other, client.identity);
  env.create(worker, client.identity);
  env.create(env.connect("Client|unregistered"), Bytes::copy_of("Client|unregistered"));
  REQUIRE(env.status().objects == 0);
  const auto task = env.submit(client);
  env.expect_task(worker, task);
  env.create(worker, client.identity);
  REQUIRE(env.status().objects == 1);
  REQUIRE(env.core.counters().messages_refused == 3);
}

TEST_CASE("only its client deletes an object", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto other = env.add_client();
  const auto object = env.create(client, client.identity);
  for (const auto& user : {client.identity, other.identity})
    env.say(other,
            wire::ObjectInstruction{wire::ObjectInstructionType::remove, user, {object}, {}, {}});
  env.advance(2s);
  REQUIRE(env.deleted.empty());
  REQUIRE(env.core.counters().messages_refused == 1);
}

TEST_CASE("many deletions go out in parts", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  wire::ObjectInstruction create{wire::ObjectInstructionType::create, client.identity, {}, {}, {}};
  for (int i = 0; i < 10'000; ++i) {
    create.ids.push_back(env.new_object_id());
    create.types.push_back(wire::ObjectContentType::object);
    create.names.push_back({});
  }
  env.say(client, create);
  const auto worker = env.add_worker();
  env.say(client, wire::ObjectInstruction{
                      wire::ObjectInstructionType::remove, client.identity, create.ids, {}, {}});
  env.advance(1s);
  REQUIRE(env.deleted == create.ids);
  REQUIRE(env.pending(worker) == 3);
}

// ---- managers ----

TEST_CASE("a manager is echoed, and another one with its id is ignored until it is silent",
          "[scheduler]") {
  SchedulerEnv env;
  const auto first = env.connect("worker_manager_native|1");
  const auto second = env.connect("worker_manager_native|2");
  const wire::WorkerManagerHeartbeat beat{4, {{"b", -1}, {"a", 2}}, Bytes::copy_of("wm")};
  env.say(first, beat);
  env.take<wire::WorkerManagerHeartbeatEcho>(first);
  env.say(second, beat);
  env.expect_silence();
  env.add_worker({.identity = "Worker|m", .manager = "wm"});
  const auto status = env.status();
  REQUIRE(status.managers.size() == 1);
  REQUIRE(status.managers[0].identity == "worker_manager_native|1");
  REQUIRE(status.managers[0].capabilities == "a b");
  REQUIRE(status.managers[0].max_task_concurrency == 4);
  REQUIRE(status.managed_workers.size() == 1);
  REQUIRE(status.managed_workers[0].workers.size() == 1);
  env.advance(12s);
  REQUIRE(env.status().managers.empty());
  env.say(second, beat);
  env.take<wire::WorkerManagerHeartbeatEcho>(second);
}

// ---- monitor ----

TEST_CASE("nothing is published while nobody listens", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto worker = env.add_worker();
  const auto task = env.submit(client);
  env.finish(worker, client, task);
  REQUIRE(env.events.empty());
}

TEST_CASE("monitors hear of each transition once", "[scheduler]") {
  SchedulerEnv env;
  env.core.set_monitored(true);
  const auto client = env.add_client();
  auto message = env.task_of(client, {.capabilities = {"gpu"}});
  message.function = env.create(client, client.identity, "square");
  env.say(client, message);
  const auto worker = env.add_worker({.capabilities = {"cpu"}});
  env.finish(worker, client, message.id);

  const auto workers = [&] {
    std::vector<wire::StateWorker> found;
    for (const auto& event : env.events)
      if (const auto* state = std::get_if<wire::StateWorker>(&event)) found.push_back(*state);
    return found;
  }();
  REQUIRE(workers.size() == 1);
  REQUIRE(workers[0].state == wire::WorkerState::connected);
  REQUIRE(workers[0].capabilities.size() == 1);
  const auto events = env.take_events<wire::StateTask>();
  REQUIRE(events.size() == 3);
  REQUIRE(events[0].state == TaskState::inactive);
  REQUIRE(events[0].worker.empty());
  REQUIRE(events[1].state == TaskState::running);
  REQUIRE(events[1].worker == worker.identity);
  REQUIRE(events[2].state == TaskState::success);
  REQUIRE(events[2].worker.empty());
  REQUIRE(events[2].metadata == Bytes::copy_of("0123456789abcdef"));
  for (const auto& event : events) {
    REQUIRE(event.id == message.id);
    REQUIRE(event.function_name == Bytes::copy_of("square"));
    REQUIRE(event.capabilities == message.capabilities);
  }
}

TEST_CASE("a task that need not wait is never shown waiting, and cancels have no name",
          "[scheduler]") {
  SchedulerEnv env;
  env.core.set_monitored(true);
  const auto client = env.add_client();
  const auto worker = env.add_worker();
  const auto task = env.submit(client);
  env.cancel(client, task);
  env.confirm(worker, task, CancelConfirmType::canceled);
  const auto events = env.take_events<wire::StateTask>();
  REQUIRE(events.size() == 3);
  REQUIRE(events[0].state == TaskState::running);
  REQUIRE(events[0].function_name == Bytes::copy_of("<Unknown>"));
  REQUIRE(events[1].state == TaskState::canceling);
  REQUIRE(events[2].state == TaskState::canceled);
  REQUIRE(events[1].function_name.empty());
  REQUIRE(events[2].function_name.empty());
}

TEST_CASE("the report shows workers as they last described themselves", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto worker = env.add_worker({.slots = 3});
  env.submit(client);
  auto beat = env.heartbeat_of({.slots = 3});
  beat.queued_tasks = 7;
  beat.latency_us = 250;
  beat.processors = {{1, true, true, true, {}}, {2, true, true, false, {500, 9}}};
  env.say(worker, beat);
  env.now += 2500ms;
  const auto status = env.status();
  REQUIRE(status.workers.size() == 1);
  const auto& shown = status.workers[0];
  REQUIRE(shown.free == 2);
  REQUIRE(shown.sent == 1);
  REQUIRE(shown.queued == 7);
  REQUIRE(shown.suspended == 1);
  REQUIRE(shown.lag_us == 250);
  REQUIRE(shown.last_seconds == 2);
  REQUIRE(shown.itl == "110");
  REQUIRE(shown.processors == beat.processors);
  for (const auto& entry : status.tasks) REQUIRE(entry.state != TaskState::balance_canceled);
  REQUIRE(status.tasks.size() == 10);
  REQUIRE(status.clients.size() == 1);
  REQUIRE(status.clients[0].tasks == 1);
}

}  // namespace scaler::scheduler
