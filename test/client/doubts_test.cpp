#include <algorithm>

#include "client/core_env.hpp"

namespace scaler::client {

namespace {

// A client of a scheduler of ours, or of another, which echoes each heartbeat after two seconds.
class DoubtsEnv : public CoreEnv {
 public:
  explicit DoubtsEnv(bool ours = true) : ours_(ours) {
    connect(ours);
    store_serializer();
    forget_said();
  }
  void pass_with_echoes(Duration time) {
    for (Duration passed{}; passed < time; passed += 2s) {
      pass(2s);
      wire::ClientHeartbeatEcho echo{{"127.0.0.1", 7, "tcp"}};
      if (ours_) echo.carried.result_bytes_max = wire::copy_bytes_max;
      hear(echo);
    }
  }
  std::vector<TaskId> asked() {
    std::vector<TaskId> ids;
    while (const auto why = done<AskWhy>()) ids.push_back(why->task);
    return ids;
  }
  void submit_some(std::uint64_t count) {
    upload(object(0), "function");
    for (std::uint64_t i = 0; i < count; ++i) submit(i, Fetch::lazy, object(0));
  }

 private:
  bool ours_;
};

}  // namespace

TEST_CASE("a task that is open for ten seconds is asked about", "[client]") {
  DoubtsEnv env;
  env.submit_some(1);
  env.pass_with_echoes(10s);
  REQUIRE(env.asked().empty());
  env.pass_with_echoes(2s);
  REQUIRE(env.asked() == std::vector{task(0)});
}

TEST_CASE("the scheduler is asked about few of many tasks, and ever more seldom", "[client]") {
  DoubtsEnv env;
  env.submit_some(1000);
  env.pass_with_echoes(12s);
  REQUIRE(env.asked().size() == 4);
  env.pass_with_echoes(18s);
  REQUIRE(env.asked().empty());
  env.pass_with_echoes(2s);
  REQUIRE(env.asked().size() == 4);
  env.pass_with_echoes(600s);
  REQUIRE(env.asked().size() <= 4 * 9);
}

TEST_CASE("in time each of the tasks is asked about", "[client]") {
  DoubtsEnv env;
  env.submit_some(10);
  env.pass_with_echoes(600s);
  std::vector<TaskId> ids = env.asked();
  for (std::uint64_t i = 0; i < 10; ++i) REQUIRE(std::ranges::find(ids, task(i)) != ids.end());
}

TEST_CASE("other schedulers are not asked", "[client]") {
  DoubtsEnv env(false);
  env.submit_some(1);
  env.pass_with_echoes(60s);
  REQUIRE(env.asked().empty());
}

TEST_CASE("what ends or is cancelled in time is not asked about", "[client]") {
  DoubtsEnv env;
  env.submit_some(1);
  env.pass_with_echoes(8s);
  env.ask(Cancel{task(0)});
  env.pass_with_echoes(20s);
  REQUIRE(env.asked().empty());
}

TEST_CASE("of a graph a node is asked about that waits for no other", "[client]") {
  DoubtsEnv env;
  env.upload(object(0), "function");
  SubmitGraph graph;
  graph.id = task(9, 77);
  graph.nodes = {{task(1, 77), object(0), {task(0, 77)}}, {task(0, 77), object(0), {}}};
  graph.targets = {{task(1, 77), 5}};
  env.ask(std::move(graph));
  env.pass_with_echoes(12s);
  REQUIRE(env.asked() == std::vector{task(0, 77)});
}

TEST_CASE("an explanation is told with the number of tasks that are open", "[client]") {
  DoubtsEnv env;
  env.submit_some(3);
  env.step();
  env.core.on_explanation("no worker", env.out);
  const auto told = env.take<Explained>();
  REQUIRE(told);
  REQUIRE(told->text == "no worker");
  REQUIRE(told->open_tasks == 3);
}

}  // namespace scaler::client
