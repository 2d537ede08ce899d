#include "client/core_env.hpp"
#include "support/heap.hpp"

namespace scaler::client {

namespace {

// One request of `count` tasks of function 1 with so many arguments each, all announced.
Submit tasks_with(std::uint64_t first, std::uint64_t count, std::uint64_t arguments) {
  Submit request;
  request.function = object(1);
  request.tasks.reserve(count);
  for (std::uint64_t i = first; i < first + count; ++i) {
    NewTask asked{task(i), i + 1, {}};
    for (std::uint64_t at = 0; at < arguments; ++at)
      asked.arguments.push_back({object(100'000 * (at + 1) + i), true, false});
    request.tasks.push_back(std::move(asked));
  }
  return request;
}

// Nothing that was said is kept by the test.
void end_turn(CoreEnv& env) {
  env.forget_said();
  env.notices.clear();
  env.notices.shrink_to_fit();
  env.effects.shrink_to_fit();
}

}  // namespace

TEST_CASE("the arguments of a task are released with it, however many there are", "[client]") {
  for (const std::uint64_t count : {0U, 1U, 2U, 7U}) {
    CoreEnv env;
    env.connect();
    env.upload(object(1), "f");
    env.ask(tasks_with(0, 1, count));
    const auto said = env.said<wire::Task>();
    REQUIRE(said->arguments.size() == count);
    REQUIRE(env.core.live_objects() == count + 1);
    env.finish(0);
    env.bring(0, "result");
    REQUIRE(env.core.live_objects() == 1);
    env.pass(10s);
    std::size_t released = 0;
    while (auto deleted = env.said<wire::ObjectInstruction>())
      if (deleted->type == wire::ObjectInstructionType::remove) released += deleted->ids.size();
    REQUIRE(released == count + 1);
  }
}

TEST_CASE("a task that waits takes few bytes, and gives all of them back", "[client]") {
  constexpr std::uint64_t count = 20'000, at_once = 250;
  CoreEnv env;
  env.connect();
  env.upload(object(1), "f");
  env.ask(tasks_with(count, at_once, 1));  // what a turn needs may stay
  env.ask(Abandon{{task(count)}});
  end_turn(env);

  const std::size_t before = support::heap_bytes();
  for (std::uint64_t first = 0; first < count; first += at_once) {
    env.ask(tasks_with(first, at_once, 1));
    env.core.finish_turn(env.now, env.out);
    env.out = {};
  }
  REQUIRE(env.core.open_tasks() >= count);
  REQUIRE((support::heap_bytes() - before) / count <= 112);

  env.ask(Clear{});
  end_turn(env);
  env.pass(10s);
  end_turn(env);
  REQUIRE(env.core.open_tasks() == 0);
  REQUIRE(support::heap_bytes() <= before);
}

}  // namespace scaler::client
