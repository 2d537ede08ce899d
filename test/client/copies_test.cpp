#include <string>

#include "client/core_env.hpp"

// Copies of small objects that travel with tasks and results, where the scheduler knows them.
namespace scaler::client {
namespace {

constexpr bool copies_welcome = true;

void store(CoreEnv& env, const ObjectId& id) { env.core.on_object_stored(id, env.now, env.out); }

void finish_with(CoreEnv& env, std::uint64_t number, const std::string& value,
                 wire::TaskResultType type = wire::TaskResultType::success) {
  wire::TaskResult result{task(number), type, {}, {object(1000 + number)}};
  result.carried.copies = {Bytes::copy_of(value)};
  env.hear(result);
}

TEST_CASE("a heartbeat says that copies are used, unless they are switched off", "[client]") {
  CoreEnv env;
  env.connect();
  CHECK(env.said<wire::ClientHeartbeat>()->carried.result_bytes_max == wire::copy_bytes_max);
  Options options;
  options.copy_bytes_max = 0;
  CoreEnv without(options);
  without.connect(copies_welcome);
  CHECK(without.said<wire::ClientHeartbeat>()->carried.empty());
  without.submit(0);
  CHECK(without.said<wire::Task>()->carried.empty());
}

TEST_CASE("a scheduler that does not know copies is sent none", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  CHECK(env.said<wire::Task>()->carried.empty());
}

TEST_CASE("a task takes along what the store may not have yet", "[client]") {
  CoreEnv env;
  env.connect(copies_welcome);
  env.upload(object(0), "code");
  env.submit(0, Fetch::lazy, object(0));
  const auto first = env.said<wire::Task>();
  CHECK(first->carried ==
        wire::Carried{wire::copy_bytes_max, {Bytes::copy_of("code"), Bytes::copy_of("argument")}});
  int puts = 0;
  while (env.done<PutObject>()) ++puts;
  CHECK(puts == 3);  // the store gets the serializer, the function and the argument, as ever
  store(env, object(0));
  env.submit(1, Fetch::lazy, object(0));
  CHECK(env.said<wire::Task>()->carried.copies ==
        std::vector<Bytes>{Bytes{}, Bytes::copy_of("argument")});
}

TEST_CASE("only the first tasks of a new function take it along", "[client]") {
  CoreEnv env;
  env.connect(copies_welcome);
  env.upload(object(0), "code");
  int along = 0;
  for (std::uint64_t number = 0; number < 100; ++number) {
    env.submit(number, Fetch::lazy, object(0));
    along += env.said<wire::Task>()->carried.copies.front().empty() ? 0 : 1;
  }
  CHECK(along == 16);
}

// What travels with a task of `count` new arguments of `size` bytes each, its function being
// stored.
std::size_t copies_along(std::uint64_t count, std::size_t size) {
  CoreEnv env;
  env.connect(copies_welcome);
  env.upload(object(0), "code");
  store(env, object(0));
  Submit request;
  request.function = object(0);
  NewTask asked{task(0), 1, {}};
  for (std::uint64_t i = 1; i <= count; ++i) {
    request.objects.push_back({object(i), {}, Bytes::copy_of(std::string(size, 'x'))});
    asked.arguments.push_back({object(i), true, false});
  }
  request.tasks.push_back(asked);
  env.ask(std::move(request));
  return env.said<wire::Task>()->carried.copies.size();
}

TEST_CASE("an object of exactly the limit travels with its task, a larger one does not",
          "[client]") {
  CHECK(copies_along(1, wire::copy_bytes_max) == 2);  // and the function's place
  CHECK(copies_along(1, wire::copy_bytes_max + 1) == 0);
}

TEST_CASE("one task takes along a few large copies, not as many as it has arguments", "[client]") {
  CHECK(copies_along(100, wire::copy_bytes_max) == 5);  // the function's place, and four
}

TEST_CASE("a result that comes with its announcement is not fetched", "[client]") {
  CoreEnv env;
  env.connect(copies_welcome);
  env.submit(0);
  store(env, object(100));
  store(env, object(5000));
  env.forget_said();
  SECTION("a value") {
    finish_with(env, 0, "value");
    const auto finished = env.take<Finished>();
    CHECK(finished->token == 1);
    CHECK(finished->here);
    CHECK_FALSE(finished->failed);
    CHECK(finished->payload.text() == "value");
  }
  SECTION("an exception") {
    finish_with(env, 0, "exception", wire::TaskResultType::failed);
    CHECK(env.take<Finished>()->failed);
  }
  CHECK_FALSE(env.done<GetObject>());
  env.pass(1s);
  const auto released = env.said<wire::ObjectInstruction>();
  CHECK(releases(released, object(1000)));
  CHECK(releases(released, object(100)));
  CHECK(env.core.live_objects() == 0);
}

TEST_CASE("what the store has not acknowledged is released when it has", "[client]") {
  CoreEnv env;
  env.connect(copies_welcome);
  env.submit(0);
  env.forget_said();
  finish_with(env, 0, "value");
  env.pass(1s);
  const auto released = env.said<wire::ObjectInstruction>();
  CHECK(releases(released, object(1000)));
  CHECK_FALSE(releases(released, object(100)));
  store(env, object(100));
  store(env, object(5000));
  env.pass(1s);
  const auto later = env.said<wire::ObjectInstruction>();
  CHECK(releases(later, object(100)));
  CHECK(releases(later, object(5000)));
  CHECK(env.core.unstored_bytes() == std::string("serializer").size());
}

TEST_CASE("copies are welcome again only when the next scheduler says so", "[client]") {
  CoreEnv env;
  env.connect(copies_welcome);
  env.submit(0);
  CHECK_FALSE(env.said<wire::Task>()->carried.empty());
  env.core.on_scheduler_lost("gone", env.now, env.out);
  env.core.on_scheduler_connected(env.now, env.out);
  CHECK(env.said<wire::Task>()->carried.empty());  // said again
  wire::ClientHeartbeatEcho echo{{"127.0.0.1", 7, "tcp"}};
  echo.carried.result_bytes_max = 1;
  env.hear(echo);
  env.submit(1);
  CHECK_FALSE(env.said<wire::Task>()->carried.empty());
}

TEST_CASE("a graph asks for its targets' results", "[client]") {
  for (const bool welcome : {true, false}) {
    CoreEnv env;
    env.connect(welcome);
    SubmitGraph request;
    request.id = task(0, 9);
    request.objects.push_back({object(1), {}, Bytes::copy_of("code")});
    request.nodes.push_back({task(1, 9), object(1), {}});
    request.targets.push_back({task(1, 9), 7});
    env.ask(std::move(request));
    const auto said = env.said<wire::GraphTask>();
    CHECK(said->carried.result_bytes_max == (welcome ? wire::copy_bytes_max : 0));
    if (!welcome) continue;
    wire::TaskResult result{task(1, 9), wire::TaskResultType::success, {}, {object(2)}};
    result.carried.copies = {Bytes::copy_of("value")};
    env.hear(result);
    CHECK(env.take<Finished>()->payload.text() == "value");
  }
}

}  // namespace
}  // namespace scaler::client
