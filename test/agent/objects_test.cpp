#include <catch2/catch.hpp>

#include <algorithm>

#include "agent/agent_env.hpp"
#include "agent/object_table.hpp"

namespace scaler::agent {

namespace {

bool contains(const std::vector<ObjectId>& list, const ObjectId& id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}

const ObjectId serializer = serializer_id_of(as_bytes("Client|c1"));

}  // namespace

TEST_CASE("a task's serializer, function and arguments are asked for once each", "[agent]") {
  AgentEnv env;
  env.submit({.arguments = {"x", "y", "x"}});
  REQUIRE(env.take_gets() ==
          std::vector<ObjectId>{serializer, env.object("f"), env.object("x"), env.object("y")});
}

TEST_CASE("what a processor knows is neither fetched nor given again", "[agent]") {
  AgentEnv env;
  for (int i = 0; i < 3; ++i) env.finish(env.submit({.arguments = {"x"}}));
  REQUIRE(env.take_gets().size() == 3);
}

TEST_CASE("the objects of the next tasks are fetched while one runs", "[agent]") {
  AgentEnv env;
  env.submit();
  env.take_gets();
  env.submit({.arguments = {"x"}});
  REQUIRE(contains(env.take_gets(), env.object("x")));
}

TEST_CASE("fetching ahead stops at the memory set aside for it and goes on when some is free",
          "[agent]") {
  Options options = AgentEnv::some_options();
  options.prefetch_bytes_max = 3000;
  AgentEnv env({}, options);
  const TaskId first = env.submit();
  for (int i = 0; i < 50; ++i) env.submit({.arguments = {"x" + std::to_string(i)}});
  REQUIRE(env.take_gets().size() < 20);
  for (int i = 0; i < 51; ++i) env.finish(*env.running());
  REQUIRE_FALSE(env.running());
  REQUIRE(env.ended_order().front() == first);
}

TEST_CASE("the objects of a long queue are asked for many at once", "[agent]") {
  AgentEnv env;
  for (int i = 0; i < 400; ++i) env.submit({.arguments = {"x" + std::to_string(i)}});
  std::size_t askings = 0;
  env.take_gets();
  for (int i = 0; i < 400; ++i) {
    env.finish(*env.running());
    if (!env.take_gets().empty()) ++askings;
  }
  REQUIRE(askings < 10);
}

TEST_CASE("an argument of many queued tasks is fetched once", "[agent]") {
  AgentEnv env;
  for (int i = 0; i < 20; ++i) env.submit({.arguments = {"shared"}});
  const auto gets = env.take_gets();
  REQUIRE(std::count(gets.begin(), gets.end(), env.object("shared")) == 1);
}

TEST_CASE(
    "a new processor is given what it needs, functions from memory, arguments again from the "
    "store",
    "[agent]") {
  AgentEnv env;
  const TaskId a = env.submit({.arguments = {"x"}});
  const ProcessorId first = env.processor_of(a);
  const TaskId b = env.submit({.arguments = {"x"}});
  env.take_gets();
  env.end(first);
  REQUIRE(env.running() == b);
  REQUIRE(env.processor_of(b) != first);
  REQUIRE(env.take_gets() == std::vector<ObjectId>{env.object("x")});
}

TEST_CASE("each client has its own serializer", "[agent]") {
  AgentEnv env;
  const TaskId a = env.submit({.client = "Client|c1"});
  const ProcessorId processor = env.processor_of(a);
  env.finish(a);
  env.submit({.client = "Client|c2"});
  REQUIRE(env.fake(processor).serializers == std::set<std::string>{"Client|c1", "Client|c2"});
}

TEST_CASE("a deleted object is forgotten by every processor that knows it, suspended ones too",
          "[agent]") {
  AgentEnv env;
  const TaskId a = env.submit({.arguments = {"x"}});
  const ProcessorId first = env.processor_of(a);
  env.finish(a);
  env.take_outcome(a);
  const TaskId b = env.submit({.function = "g"});
  const TaskId c = env.submit({.priority = 1, .function = "g"});
  const ProcessorId second = env.processor_of(c);
  REQUIRE(env.processor_of(b) == first);
  env.remove_objects({env.object("x"), env.object("f"), env.object("never seen")});
  REQUIRE(env.fake(first).objects == std::set<ObjectId>{env.object("g")});
  REQUIRE(env.fake(second).objects == std::set<ObjectId>{env.object("g")});
  env.expect_silence();
}

TEST_CASE("an object that was deleted under a waiting task is forgotten after that task",
          "[agent]") {
  AgentEnv env;
  const TaskId a = env.submit({.function = "g"});
  const TaskId b = env.submit({.arguments = {"x"}});
  const ProcessorId processor = env.processor_of(a);
  env.remove_objects({env.object("x")});
  env.finish(a);
  REQUIRE(env.running() == b);
  REQUIRE(env.fake(processor).objects.contains(env.object("x")));
  env.finish(b);
  REQUIRE_FALSE(env.fake(processor).objects.contains(env.object("x")));
}

TEST_CASE("a client that left and came back gives its serializer anew", "[agent]") {
  AgentEnv env;
  const TaskId a = env.submit();
  const ProcessorId processor = env.processor_of(a);
  env.finish(a);
  env.remove_objects({serializer});
  REQUIRE(env.fake(processor).serializers.empty());
  env.take_gets();
  env.submit();
  REQUIRE(env.take_gets() == std::vector<ObjectId>{serializer});
}

TEST_CASE("objects of a cancelled task are not kept", "[agent]") {
  AgentEnv env;
  const TaskId running = env.submit();
  const TaskId next = env.submit({.arguments = {"x"}});
  env.cancel(next, false);
  env.take_gets();
  env.submit({.arguments = {"x"}});
  REQUIRE(env.take_gets() == std::vector<ObjectId>{env.object("x")});  // it was dropped meanwhile
  env.finish(running);
}

TEST_CASE("a task whose object does not come lets the others pass after a while", "[agent]") {
  AgentEnv env({.store_gives = false});
  const TaskId stuck = env.submit({.arguments = {"missing"}});
  const TaskId other = env.submit();
  env.give(serializer);
  env.give(env.object("f"));
  REQUIRE_FALSE(env.running());  // its turn, for now
  env.advance(1s);
  REQUIRE(env.running() == other);
  const TaskId third = env.submit();
  env.give(env.object("missing"));
  env.finish(other);
  REQUIRE(env.running() == stuck);  // back in its old place
  env.finish(stuck);
  REQUIRE(env.running() == third);
}

TEST_CASE("a waiting task of higher priority suspends when its object comes", "[agent]") {
  AgentEnv env({.store_gives = false});
  const TaskId urgent = env.submit({.priority = 1, .arguments = {"missing"}});
  const TaskId other = env.submit();
  env.give(serializer);
  env.give(env.object("f"));
  env.advance(1s);
  REQUIRE(env.running() == other);
  env.give(env.object("missing"));
  REQUIRE(env.running() == urgent);
}

TEST_CASE("a task fails when the store has not given its object for the death timeout", "[agent]") {
  AgentEnv env({.store_gives = false});
  const TaskId task = env.submit();
  env.advance(299s);
  env.expect_silence();
  env.advance(1s);
  const auto outcome = env.take_outcome(task);
  REQUIRE(outcome.result.type == wire::TaskResultType::failed);
  REQUIRE(outcome.payload.text().find("LookupError") != std::string::npos);
  REQUIRE(outcome.payload.text().find("cannot be had") != std::string::npos);
  REQUIRE_FALSE(env.left());
}

TEST_CASE("a task fails soon if the owner deletes the object it waits for", "[agent]") {
  AgentEnv env({.store_gives = false});
  const TaskId task = env.submit();
  env.remove_objects({env.object("f")});
  env.advance(5s);
  REQUIRE(env.take_outcome(task).result.type == wire::TaskResultType::failed);
}

TEST_CASE(
    "a lost store is asked again for what it had not given and told again what it had not "
    "acknowledged",
    "[agent]") {
  AgentEnv env({.store_gives = false, .store_acknowledges = false});
  const TaskId a = env.submit();
  for (const ObjectId& id : env.take_gets()) env.give(id);
  env.finish(a);
  env.submit({.arguments = {"x"}});
  const auto sets = env.take_sets();
  REQUIRE(env.take_gets() == std::vector<ObjectId>{env.object("x")});
  env.lose_store();
  env.submit({.arguments = {"y"}});
  REQUIRE(env.take_gets().empty());
  env.reconnect_store();
  auto expected = std::vector<ObjectId>{env.object("x"), env.object("y")};
  std::sort(expected.begin(), expected.end());
  REQUIRE(env.take_gets() == expected);
  REQUIRE(env.take_sets() == sets);
  env.acknowledge_all();
  env.take_outcome(a);
}

TEST_CASE("a processor forgets its oldest objects when they grow too large together", "[agent]") {
  Options options = AgentEnv::some_options();
  options.processor_cache_bytes_max = 800;  // each payload has 73 bytes
  AgentEnv env({}, options);
  ProcessorId processor = 0;
  for (int i = 0; i < 50; ++i) {
    const TaskId task = env.submit({.arguments = {"x" + std::to_string(i)}});
    processor = env.processor_of(task);
    REQUIRE(env.fake(processor).objects.contains(env.object("f")));
    env.finish(task);
  }
  REQUIRE(env.fake(processor).objects.size() <= 11);
  REQUIRE(env.fake(processor).objects.contains(env.object("x49")));
  env.submit({.arguments = {"x0"}});
  REQUIRE(env.running());
}

TEST_CASE("objects that nobody asked for are counted and dropped", "[agent]") {
  AgentEnv env;
  env.give(env.object("x"));
  REQUIRE(env.agent().counters().unwanted_objects == 1);
}

TEST_CASE("a kept object leaves when newer ones need its room", "[agent]") {
  ObjectTable table(1000);  // an object costs its bytes and 256 more
  std::vector<ObjectId> ids(5);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i].bytes[0] = static_cast<std::byte>(i);
    table.need(ids[i]);
    REQUIRE(table.fetch(ids[i], Retain::kept));
    REQUIRE(table.arrived(ids[i], Bytes::copy_of(std::string(44, 'x'))));
    REQUIRE_FALSE(table.release(ids[i]));
    table.check_invariants();
  }
  REQUIRE(table.size() == 3);
  REQUIRE_FALSE(table.find(ids[1]));
  REQUIRE(table.find(ids[2]));
  REQUIRE(table.needed_bytes() == 0);
}

TEST_CASE("no more than a few thousand objects are kept for nobody, however small", "[agent]") {
  ObjectTable table(std::uint64_t{1} << 40);
  for (std::uint32_t i = 0; i < 5000; ++i) {
    ObjectId id;
    store_le32(id.bytes.data(), i);
    table.need(id);
    REQUIRE(table.fetch(id, Retain::kept));
    REQUIRE(table.arrived(id, Bytes::copy_of("f")));
    REQUIRE_FALSE(table.release(id));
  }
  REQUIRE(table.size() == 4096);
  table.check_invariants();
}

}  // namespace scaler::agent
