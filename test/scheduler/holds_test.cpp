#include <algorithm>
#include <catch2/catch.hpp>

#include "scheduler/env.hpp"

namespace scaler::scheduler {

using wire::CancelConfirmType;
using wire::TaskResultType;

namespace {

constexpr Duration retention = 10s;

Options retaining() {
  Options options = SchedulerEnv::quiet();
  options.object_retention = retention;
  return options;
}

// A client whose objects are announced and deleted as clients do it.
struct HoldEnv : SchedulerEnv {
  HoldEnv() : SchedulerEnv(retaining()) {
    client = add_client();
    worker = add_worker();
  }

  ObjectId object() { return create(client, client.identity); }
  void announce(const TestPeer& owner, const ObjectId& id) {
    say(owner, wire::ObjectInstruction{wire::ObjectInstructionType::create,
                                       owner.identity,
                                       {id},
                                       {wire::ObjectContentType::object},
                                       {Bytes::copy_of("x")}});
  }
  void remove(const std::vector<ObjectId>& ids) { remove(client, ids); }
  void remove(const TestPeer& owner, const std::vector<ObjectId>& ids) {
    say(owner,
        wire::ObjectInstruction{wire::ObjectInstructionType::remove, owner.identity, ids, {}, {}});
  }
  // The deletes that workers heard of are as many as the storage's; gives the latter's, sorted.
  std::vector<ObjectId> take_deleted() {
    advance(100ms);
    auto ids = std::exchange(deleted, {});
    std::sort(ids.begin(), ids.end());
    return ids;
  }
  static std::vector<ObjectId> sorted(std::vector<ObjectId> ids) {
    std::sort(ids.begin(), ids.end());
    return ids;
  }

  TestPeer client;
  TestPeer worker;
};

}  // namespace

TEST_CASE("what a client lets go of is deleted in the same turn, if nobody needs it",
          "[scheduler]") {
  HoldEnv env;
  const auto object = env.object();
  env.remove({object});
  REQUIRE(env.deleted == std::vector{object});
  REQUIRE(env.take<wire::ObjectInstruction>(env.worker).ids == std::vector{object});
  REQUIRE(env.status().objects == 0);
}

TEST_CASE("a task holds its function and its arguments, waiting or running, until its end",
          "[scheduler]") {
  HoldEnv env;
  const std::size_t count = GENERATE(0U, 1U, 2U, 3U, 7U);
  const auto running = env.submit(env.client);
  std::vector<ObjectId> objects;
  TestTask asked;
  for (std::size_t i = 0; i < count; ++i) {
    objects.push_back(env.object());
    asked.arguments.emplace_back(objects.back());
  }
  auto task = env.task_of(env.client, asked);
  env.announce(env.client, task.function);
  objects.push_back(task.function);
  env.say(env.client, task);
  env.remove(objects);
  REQUIRE(env.take_deleted().empty());
  REQUIRE(env.status().objects == 0);  // that have an owner
  env.finish(env.worker, env.client, running);
  REQUIRE(env.take_worker_given(task.id));
  REQUIRE(env.take_deleted().empty());
  env.finish(env.worker, env.client, task.id);
  REQUIRE(env.take_deleted() == HoldEnv::sorted(objects));
}

TEST_CASE("however a task ends, it lets go of what it held", "[scheduler]") {
  HoldEnv env;
  const auto object = env.object();
  const auto twice = env.submit(env.client, {.arguments = {object, object}});
  SECTION("with a failure") { env.finish(env.worker, env.client, twice, TaskResultType::failed); }
  SECTION("cancelled while it ran") {
    env.cancel(env.client, twice);
    REQUIRE(env.deleted.empty());
    env.confirm(env.worker, twice, CancelConfirmType::canceled);
  }
  SECTION("cancelled while it waited") {
    const auto waiting = env.submit(env.client, {.arguments = {object}});
    env.finish(env.worker, env.client, twice);
    env.cancel(env.client, waiting);
    env.confirm(env.worker, waiting, CancelConfirmType::canceled);
  }
  SECTION("with the loss of its worker, for the last time") {
    for (int i = 0; i <= 5; ++i) {
      REQUIRE(env.take_worker_given(twice));
      env.remove({object});
      REQUIRE(env.deleted.empty());
      env.lose(env.worker);
      env.worker = env.add_worker();
      env.advance(4s);
    }
    REQUIRE(env.take<wire::TaskResult>(env.client).type == TaskResultType::failed_worker_died);
  }
  env.remove({object});
  REQUIRE(env.take_deleted() == std::vector{object});
}

TEST_CASE("a task that is refused for want of room holds nothing", "[scheduler]") {
  auto options = SchedulerEnv::quiet();
  options.tasks_waiting_max = 0;
  SchedulerEnv env(options);
  const auto client = env.add_client();
  const auto object = env.create(client, client.identity);
  const auto task = env.submit(client, {.arguments = {object}});
  env.expect_result(client, task, TaskResultType::failed_worker_died);
  env.say(client, wire::ObjectInstruction{
                      wire::ObjectInstructionType::remove, client.identity, {object}, {}, {}});
  REQUIRE(env.deleted == std::vector{object});
}

TEST_CASE("an object that many tasks take goes with the last of them", "[scheduler]") {
  HoldEnv env;
  const auto object = env.object();
  const auto other = env.add_client();
  const auto first = env.submit(env.client, {.arguments = {object}});
  const auto second = env.submit(other, {.arguments = {object}});
  env.remove({object});
  env.finish(env.worker, env.client, first);
  REQUIRE(env.take_deleted().empty());
  env.finish(env.worker, other, second);
  REQUIRE(env.take_deleted() == std::vector{object});
}

TEST_CASE("an object that is announced after the task that takes it is held as well",
          "[scheduler]") {
  HoldEnv env;
  const auto object = env.new_object_id();
  const auto task = env.submit(env.client, {.arguments = {object}});
  env.announce(env.client, object);
  env.remove({object});
  REQUIRE(env.take_deleted().empty());
  env.finish(env.worker, env.client, task);
  REQUIRE(env.take_deleted() == std::vector{object});
}

TEST_CASE("an object that nobody ever announced is not deleted", "[scheduler]") {
  HoldEnv env;
  const auto object = env.new_object_id();
  env.finish(env.worker, env.client, env.submit(env.client, {.arguments = {object}}));
  env.announce(env.client, object);  // late, and for later tasks
  env.advance(2 * retention);
  REQUIRE(env.deleted.empty());
}

TEST_CASE("what a client leaves behind stays for the retention, and longer if a task takes it",
          "[scheduler]") {
  HoldEnv env;
  const auto other = env.add_client();
  const auto taken = env.object();
  const auto late = env.object();
  const auto left = env.object();
  const auto task = env.submit(other, {.arguments = {taken}});
  env.say(env.client, wire::ClientDisconnect{});
  env.advance(retention - 1s);
  REQUIRE(env.deleted.empty());
  const auto later = env.submit(other, {.arguments = {late}});
  env.advance(2s);
  REQUIRE(env.deleted == std::vector{left});
  env.finish(env.worker, other, task);
  REQUIRE(env.take_deleted() == HoldEnv::sorted({left, taken}));
  env.finish(env.worker, other, later);
  REQUIRE(env.take_deleted() == std::vector{late});
}

TEST_CASE("what was created again within the retention stays", "[scheduler]") {
  HoldEnv env;
  const auto other = env.add_client();
  const auto gone = env.object();
  const auto again = env.object();
  env.say(env.client, wire::ClientDisconnect{});
  env.advance(retention - 1s);
  REQUIRE(env.deleted.empty());
  env.announce(other, again);
  env.advance(2 * retention);
  REQUIRE(env.deleted == std::vector{gone});
}

TEST_CASE("a task that ends within the retention leaves it as it is", "[scheduler]") {
  HoldEnv env;
  const auto other = env.add_client();
  const auto object = env.object();
  const auto task = env.submit(other, {.arguments = {object}});
  env.say(env.client, wire::ClientDisconnect{});
  env.finish(env.worker, other, task);
  env.advance(retention - 1s);
  REQUIRE(env.deleted.empty());
  env.advance(2s);
  REQUIRE(env.deleted == std::vector{object});
}

TEST_CASE("a client that leaves takes nothing from its tasks that still run", "[scheduler]") {
  HoldEnv env;
  const auto object = env.object();
  const auto task = env.submit(env.client, {.arguments = {object}});
  env.remove({object});
  env.say(env.client, wire::ClientDisconnect{});
  env.expect_task(env.worker, task);
  env.expect_cancel(env.worker, task, false);
  env.confirm(env.worker, task, CancelConfirmType::cancel_failed);  // it runs on
  REQUIRE(env.take_deleted().empty());
  env.finish(env.worker, env.client, task);
  REQUIRE(env.take_deleted() == std::vector{object});
}

TEST_CASE("deletions that tasks and nodes cause go together", "[scheduler]") {
  HoldEnv env;
  std::vector<ObjectId> objects;
  for (int i = 0; i < 3; ++i) {
    objects.push_back(env.object());
    const auto task = env.submit(env.client, {.arguments = {objects.back()}});
    env.remove({objects.back()});
    REQUIRE(env.take_worker_given(task));
    env.finish(env.worker, env.client, task);
    env.advance(1ms);
  }
  env.advance(100ms);
  REQUIRE(env.take<wire::ObjectInstruction>(env.worker).ids == objects);
  REQUIRE(env.deleted == objects);
}

// ---- graphs ----

TEST_CASE("a graph holds what its nodes take, from its arrival until each node's end",
          "[scheduler]") {
  HoldEnv env;
  const auto data = env.object();
  wire::GraphTask graph;
  graph.id = env.new_task_id();
  graph.source = env.client.identity;
  auto first = env.task_of(env.client, {.arguments = {data}});
  auto second = env.task_of(env.client, {.arguments = {first.id, data}});
  env.announce(env.client, first.function);
  env.announce(env.client, second.function);
  graph.nodes = {first, second};
  graph.targets = {second.id};
  env.say(env.client, graph);
  env.remove({data, first.function, second.function});
  const auto result = env.finish(env.worker, env.client, first.id);
  REQUIRE(env.take_deleted() == std::vector{first.function});
  env.finish(env.worker, env.client, second.id);
  REQUIRE(env.take_deleted() == HoldEnv::sorted({data, second.function, result}));
}

TEST_CASE("a target's result is held for the nodes that take it, whatever its owner says",
          "[scheduler]") {
  HoldEnv env;
  wire::GraphTask graph;
  graph.id = env.new_task_id();
  graph.source = env.client.identity;
  const auto first = env.task_of(env.client);
  const auto second = env.task_of(env.client);  // third alone takes what first made
  const auto third = env.task_of(env.client, {.arguments = {first.id, second.id}});
  graph.nodes = {first, second, third};
  graph.targets = {first.id, second.id, third.id};
  env.say(env.client, graph);
  const auto of_first = env.finish(env.worker, env.client, first.id);
  env.remove({of_first});
  env.advance(2 * retention);
  REQUIRE(env.deleted.empty());
  const auto of_second = env.finish(env.worker, env.client, second.id);
  REQUIRE(env.take_deleted().empty());
  SECTION("until they ran") {
    const auto of_third = env.finish(env.worker, env.client, third.id);
    REQUIRE(env.take_deleted() == std::vector{of_first});
    env.remove({of_second, of_third});
    REQUIRE(env.take_deleted() == HoldEnv::sorted({of_second, of_third}));
  }
  SECTION("until they are cancelled") {
    env.remove({of_second});
    env.cancel(env.client, graph.id);
    env.confirm(env.worker, third.id, CancelConfirmType::canceled);
    REQUIRE(env.take_deleted() == HoldEnv::sorted({of_first, of_second}));
  }
  SECTION("until they fail") {
    env.remove({of_second});
    const auto error = env.finish(env.worker, env.client, third.id, TaskResultType::failed);
    env.remove({error});
    REQUIRE(env.take_deleted() == HoldEnv::sorted({of_first, of_second, error}));
  }
}

TEST_CASE("nodes that never run let go of what they would have taken", "[scheduler]") {
  HoldEnv env;
  const auto data = env.object();
  wire::GraphTask graph;
  graph.id = env.new_task_id();
  graph.source = env.client.identity;
  auto first = env.task_of(env.client);
  auto second = env.task_of(env.client, {.arguments = {first.id, data}});
  graph.nodes = {first, second};
  SECTION("because the graph is cancelled") {
    env.say(env.client, graph);
    env.remove({data});
    REQUIRE(env.deleted.empty());
    env.cancel(env.client, graph.id);
    env.confirm(env.worker, first.id, CancelConfirmType::canceled);
  }
  SECTION("because another node failed") {
    env.say(env.client, graph);
    env.remove({data});
    REQUIRE(env.deleted.empty());
    const auto error = env.finish(env.worker, env.client, first.id, TaskResultType::failed);
    (void)error;
  }
  SECTION("because the graph is refused") {
    graph.nodes[0].arguments.push_back(second.id);  // a cycle
    env.say(env.client, graph);
    env.remove({data});
  }
  SECTION("because its client left") {
    env.say(env.client, graph);
    env.remove({data});
    env.say(env.client, wire::ClientDisconnect{});
    REQUIRE(std::count(env.deleted.begin(), env.deleted.end(), data) == 0);
    env.confirm(env.worker, first.id, CancelConfirmType::canceled);
  }
  const auto deleted = env.take_deleted();
  REQUIRE(std::count(deleted.begin(), deleted.end(), data) == 1);
}

}  // namespace scaler::scheduler
