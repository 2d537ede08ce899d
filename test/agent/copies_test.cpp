#include <catch2/catch.hpp>

#include "agent/agent_env.hpp"

// Objects that travel with tasks and results, between peers of ours.
namespace scaler::agent {

namespace {

constexpr std::uint32_t limit = 100;

TaskSpec wanting_copies() {
  TaskSpec spec;
  spec.result_bytes_max = limit;
  return spec;
}

bool is_removal(const std::vector<ObjectId>& removes, const ObjectId& id) {
  return removes == std::vector<ObjectId>{id};
}

}  // namespace

TEST_CASE("what a task brings along is not asked from the store", "[agent]") {
  AgentEnv env;
  TaskSpec spec;
  spec.arguments = {"a", "b"};
  spec.copies = {payload_of(env.object("f")), payload_of(env.object("a"))};
  const TaskId task = env.submit(spec);
  const auto asked = env.take_gets();
  REQUIRE(asked.size() == 2);  // the serializer, and the argument without a copy
  REQUIRE(asked.back() == env.object("b"));
  REQUIRE(env.running() == task);
}

TEST_CASE("a brought function is kept for other processors, a brought argument is not", "[agent]") {
  AgentEnv env;
  TaskSpec spec;
  spec.arguments = {"a"};
  spec.copies = {payload_of(env.object("f")), payload_of(env.object("a"))};
  const TaskId task = env.submit(spec);
  env.take_gets();
  env.end(env.processor_of(task));
  spec.copies.clear();
  const TaskId again = env.submit(spec);
  REQUIRE(env.take_gets() == std::vector<ObjectId>{env.object("a")});
  REQUIRE(env.running() == again);
}

TEST_CASE("copies of somebody else's objects are not believed", "[agent]") {
  AgentEnv env;
  const TaskId first = env.submit();  // makes the serializer known
  env.finish(first);
  env.take_gets();
  wire::Task task;
  task.id.bytes[3] = std::byte{1};
  task.source = Bytes::copy_of("Client|c1");
  task.metadata = wire::encode_task_flags({});
  task.function.bytes[0] = std::byte{0x55};  // of no hash that is c1's
  task.carried.copies = {Bytes::copy_of("not what the store has")};
  env.tell(task);
  REQUIRE(env.take_gets() == std::vector<ObjectId>{task.function});
}

TEST_CASE("a copy of what is asked for already is passed over", "[agent]") {
  AgentEnv env({.store_gives = false});
  TaskSpec spec;
  spec.arguments = {"a"};
  env.submit(spec);
  env.take_gets();
  spec.copies = {Bytes{}, Bytes::copy_of("another version")};
  env.submit(spec);
  for (const char* name : {"f", "a"}) env.give(env.object(name));
  REQUIRE(env.agent().counters().unwanted_objects == 0);
}

TEST_CASE("a result up to the wanted size leaves with its announcement, without the store's word",
          "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  const TaskId task = env.submit(wanting_copies());
  const std::string value(limit, 'v');
  env.finish(task, value);
  REQUIRE(env.take_sets().size() == 1);
  const auto outcome = env.take_outcome(task);
  REQUIRE(outcome.result.carried.copies.size() == 1);
  REQUIRE(outcome.result.carried.copies[0].text() == value);
  env.acknowledge_all();
  env.expect_silence();  // it is not told twice
}

TEST_CASE("a larger result, and every result for those who want no copies, waits for the store",
          "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  TaskSpec spec;
  std::size_t bytes = 2;
  SECTION("larger by a byte") {
    spec = wanting_copies();
    bytes = limit + 1;
  }
  SECTION("no copies wanted") {}
  const TaskId task = env.submit(spec);
  env.finish(task, std::string(bytes, 'v'));
  env.expect_silence();
  env.acknowledge_all();
  REQUIRE(env.take_outcome(task).result.carried.copies.empty());
}

TEST_CASE("a pickled exception is carried too, when the store has it", "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  const TaskId task = env.submit(wanting_copies());
  env.raise(task, "an exception");
  env.expect_silence();
  env.acknowledge_all();
  const auto outcome = env.take_outcome(task);
  REQUIRE(outcome.result.type == wire::TaskResultType::failed);
  REQUIRE(outcome.result.carried.copies.at(0).text() == "an exception");
}

TEST_CASE("a carried result is stored again on the store's next connection", "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  const TaskId task = env.submit(wanting_copies());
  env.finish(task);
  env.take_outcome(task);
  const auto first = env.take_sets();
  env.lose_store();
  env.reconnect_store();
  REQUIRE(env.take_sets() == first);
  env.expect_silence();
}

TEST_CASE("without a store a result is not announced, whoever wants a copy", "[agent]") {
  AgentEnv env;
  const TaskId warm = env.submit(wanting_copies());
  env.finish(warm);
  env.take_outcome(warm);
  const TaskId task = env.submit(wanting_copies());
  env.lose_store();
  env.finish(task);
  env.expect_silence();
  env.reconnect_store();
  REQUIRE(env.take_outcome(task).result.carried.copies.size() == 1);
  env.expect_silence();
}

TEST_CASE("a result deleted before the store has it is deleted again behind it", "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  const TaskId task = env.submit(wanting_copies());
  env.finish(task);
  const ObjectId id = env.take_outcome(task).create.ids[0];
  SECTION("on the same connection") {
    env.remove_objects({id});
    REQUIRE(is_removal(env.take_removes(), id));
    env.acknowledge_all();
  }
  SECTION("on the next connection, and it is not sent again") {
    env.lose_store();
    env.remove_objects({id});
    REQUIRE(env.take_removes().empty());
    env.take_sets();
    env.reconnect_store();
    REQUIRE(is_removal(env.take_removes(), id));
    REQUIRE(env.take_sets().empty());
  }
  SECTION("but not when the store has said that it has it") {
    env.acknowledge_all();
    env.remove_objects({id});
    REQUIRE(env.take_removes().empty());
  }
  env.expect_silence();
}

TEST_CASE("a task whose carried result has left is not found by a cancel, and may come again",
          "[agent]") {
  AgentEnv env({.store_acknowledges = false});
  const TaskId task = env.submit(wanting_copies());
  env.finish(task);
  env.take_outcome(task);
  env.cancel(task, true);
  REQUIRE(env.take_confirm(task) == wire::CancelConfirmType::cancel_not_found);
  env.submit_again(task);
  REQUIRE(env.running() == task);
}

TEST_CASE("what was made here is not asked from the store, until it is deleted", "[agent]") {
  AgentEnv env;
  const TaskId maker = env.submit();
  env.finish(maker, "made here");
  const ObjectId made = env.take_outcome(maker).create.ids[0];
  env.take_gets();
  const bool is_deleted = GENERATE(false, true);
  if (is_deleted) env.remove_objects({made});
  env.submit_taking(made, is_deleted ? "" : "made here");
  REQUIRE(env.take_gets().empty() == !is_deleted);
}

TEST_CASE("only the latest results are kept for tasks to come", "[agent]") {
  Options options = AgentEnv::some_options();
  options.recent_bytes_max = 40'000;
  AgentEnv env({}, options);
  std::vector<ObjectId> made;
  for (int i = 0; i < 50; ++i) {
    const TaskId maker = env.submit();
    env.finish(maker, std::string(2000, 'm'));
    made.push_back(env.take_outcome(maker).create.ids[0]);
  }
  env.take_gets();
  env.submit_taking(made.back(), std::string(2000, 'm'));
  REQUIRE(env.take_gets().empty());
  env.submit_taking(made.front(), {});
  REQUIRE(env.take_gets() == std::vector<ObjectId>{made.front()});
}

}  // namespace scaler::agent
