#include "client/core_env.hpp"

namespace scaler::client {
namespace {

constexpr std::uint64_t key = 5;

// 0 -> 1 -> 2, and 3 alone; 2 and 3 are wanted.
SubmitGraph graph() {
  SubmitGraph request;
  request.id = task(99, key);
  request.objects.push_back({object(0), {}, Bytes::copy_of("code")});
  for (std::uint64_t i = 0; i < 4; ++i) request.nodes.push_back({task(i, key), object(0), {}});
  request.nodes[1].arguments.emplace_back(task(0, key));
  request.nodes[2].arguments.emplace_back(task(1, key));
  request.targets = {{task(2, key), 20}, {task(3, key), 30}};
  return request;
}

void finish_node(CoreEnv& env, std::uint64_t number, bool failed = false) {
  env.hear(wire::TaskResult{task(number, key),
                            failed ? wire::TaskResultType::failed : wire::TaskResultType::success,
                            {},
                            {object(1000 + number)}});
}
void finish_umbrella(CoreEnv& env) {
  env.hear(wire::TaskResult{task(99, key), wire::TaskResultType::success, {}, {}});
}

TEST_CASE("a graph is one message, and only targets are fetched", "[client]") {
  CoreEnv env;
  env.connect();
  env.ask(graph());
  const auto said = env.said<wire::GraphTask>();
  REQUIRE(said);
  CHECK(said->nodes.size() == 4);
  CHECK(said->targets == std::vector{task(2, key), task(3, key)});
  for (std::uint64_t i = 0; i < 3; ++i) finish_node(env, i);
  CHECK(env.done<GetObject>()->id == object(1002));
  CHECK_FALSE(env.done<GetObject>());
  env.bring(2, "two");
  CHECK(env.take<Finished>()->token == 20);
  finish_node(env, 3);
  env.bring(3, "three");
  CHECK(env.take<Finished>()->token == 30);
  env.store_all();
  env.forget_said();
  finish_umbrella(env);
  env.pass(1s);
  const auto released = env.said<wire::ObjectInstruction>();
  REQUIRE(released);
  CHECK(released->ids.size() == 3);  // the function and two results: inner ones are not ours
  CHECK(env.core.open_tasks() == 0);
  CHECK(env.core.live_objects() == 0);
}

TEST_CASE("a target may arrive after the graph is over", "[client]") {
  CoreEnv env;
  env.connect();
  env.ask(graph());
  for (std::uint64_t i = 0; i < 4; ++i) finish_node(env, i);
  finish_umbrella(env);
  env.bring(2, "two");
  env.bring(3, "three");
  CHECK(env.take<Finished>());
  CHECK(env.take<Finished>());
  CHECK(env.core.live_objects() == 0);
}

TEST_CASE("cancelling one target cancels the graph for all of them", "[client]") {
  CoreEnv env;
  env.connect();
  env.ask(graph());
  env.forget_said();
  env.ask(Cancel{task(2, key)});
  CHECK(env.said<wire::TaskCancel>()->id == task(99, key));
  // Some schedulers confirm the running node, and forget the others.
  env.hear(wire::TaskCancelConfirm{task(0, key), wire::CancelConfirmType::canceled});
  CHECK(env.take<Canceled>());
  CHECK(env.take<Canceled>());
  env.hear(wire::TaskCancelConfirm{task(99, key), wire::CancelConfirmType::canceled});
  CHECK(env.core.live_objects() == 0);
}

TEST_CASE("a failure ends the targets that depend on it, and no others", "[client]") {
  CoreEnv env;
  env.connect();
  env.ask(graph());
  finish_node(env, 2, true);
  env.bring(2, "exception");
  CHECK(env.take<Finished>()->failed);
  CHECK_FALSE(env.take<Finished>());
  finish_node(env, 3);
  env.bring(3, "three");
  CHECK_FALSE(env.take<Finished>()->failed);
}

TEST_CASE("a target that the scheduler forgot does not wait for ever", "[client]") {
  CoreEnv env;
  env.connect();
  env.ask(graph());
  finish_node(env, 2);
  finish_umbrella(env);
  CHECK(env.take<Lost>()->token == 30);
}

TEST_CASE("abandoned targets end at once, and clear ends a graph too", "[client]") {
  CoreEnv env;
  env.connect();
  env.ask(graph());
  SECTION("abandon") { env.ask(Abandon{{task(2, key), task(3, key)}}); }
  SECTION("clear") { env.ask(Clear{}); }
  CHECK(env.take<Canceled>());
  CHECK(env.take<Canceled>());
  CHECK(env.said<wire::TaskCancel>()->id == task(99, key));
  CHECK_FALSE(env.said<wire::TaskCancel>());
  CHECK(env.core.open_tasks() == 0);
}

}  // namespace
}  // namespace scaler::client
