#include "scaler/manager/worker_manager.hpp"

#include <catch2/catch.hpp>

#include "manager/effects.hpp"

namespace scaler::manager {

namespace {

using Type = wire::ManagerCommandType;
using Status = wire::ManagerResponseStatus;
using Dialect = wire::ManagerDialect;

struct ManagerEnv {
  explicit ManagerEnv(std::int64_t most = 4) : manager(options(most)) {
    manager.on_connected(now);
    collect();
    take<wire::WorkerManagerHeartbeat>();
  }
  static Options options(std::int64_t most) {
    Options options;
    options.manager_id = "wm";
    options.workers_max = most;
    options.capabilities = {{"linux", -1}, {"cpu", 4}};
    return options;
  }
  template <class T>
  T take() {
    REQUIRE(!said.empty());
    T message = std::get<T>(said.front());
    said.erase(said.begin());
    return message;
  }
  void collect() {
    for (auto& message : manager.take_messages()) said.push_back(std::move(message));
    for (auto& effect : manager.take_effects()) effects.push_back(std::move(effect));
  }
  void command(wire::WorkerManagerCommand command) {
    manager.on_message(command, now);
    collect();
  }
  wire::WorkerManagerCommandResponse start() {
    wire::WorkerManagerCommand order;
    order.type = Type::start_workers;
    command(order);
    return take<wire::WorkerManagerCommandResponse>();
  }
  std::string started() {
    const auto answer = start();
    REQUIRE(answer.status == Status::success);
    effects.clear();
    return std::string(answer.worker_ids.at(0).text());
  }
  void stop(std::vector<std::string> ids) {
    wire::WorkerManagerCommand order;
    order.type = Type::shutdown_workers;
    for (const auto& id : ids) order.worker_ids.push_back(Bytes::copy_of(id));
    command(order);
  }
  void wish(std::vector<wire::DesiredTaskConcurrency> desired, Dialect dialect = Dialect::v2_6) {
    wire::WorkerManagerCommand order;
    order.dialect = dialect;
    order.type = Type::set_desired_task_concurrency;
    order.desired = std::move(desired);
    command(order);
  }
  void end(const std::string& id) {
    manager.on_ended(id, {true, false, "exit code 0"}, now);
    collect();
  }

  TimePoint now{};
  WorkerManager manager;
  std::vector<wire::Message> said;
  Effects effects;
};

}  // namespace

TEST_CASE("a manager says what it can run, at once and then regularly", "[manager]") {
  ManagerEnv env;
  env.manager.on_lost();
  REQUIRE_FALSE(env.manager.next_deadline());
  env.manager.on_connected(env.now);
  env.collect();
  const auto beat = env.take<wire::WorkerManagerHeartbeat>();
  REQUIRE(beat.manager_id.text() == "wm");
  REQUIRE(beat.max_task_concurrency == 4);
  REQUIRE(beat.capabilities.size() == 2);
  REQUIRE(*env.manager.next_deadline() - env.now == 2s);
  env.now += 2s;
  env.manager.on_deadline(env.now);
  env.collect();
  env.take<wire::WorkerManagerHeartbeat>();
}

TEST_CASE("no limit is the largest number of the wire", "[manager]") {
  ManagerEnv env(-1);
  env.manager.on_connected(env.now);
  env.collect();
  REQUIRE(env.take<wire::WorkerManagerHeartbeat>().max_task_concurrency == 0xffffffff);
}

TEST_CASE("a start is answered with the worker's id before the worker runs", "[manager]") {
  ManagerEnv env;
  const auto answer = env.start();
  REQUIRE(answer.type == Type::start_workers);
  REQUIRE(answer.status == Status::success);
  REQUIRE(answer.worker_ids.size() == 1);
  REQUIRE(answer.capabilities.size() == 2);
  REQUIRE(take_started(env.effects) ==
          std::vector<std::string>{std::string(answer.worker_ids[0].text())});
}

TEST_CASE("a start beyond the limit is refused, until a worker has gone", "[manager]") {
  ManagerEnv env(2);
  const auto first = env.started();
  env.started();
  REQUIRE(env.start().status == Status::too_many_workers);
  env.end(first);
  REQUIRE(env.start().status == Status::success);
}

TEST_CASE("a stop is answered when the last of its workers has ended", "[manager]") {
  ManagerEnv env;
  const auto first = env.started();
  const auto second = env.started();
  env.stop({first, second});
  REQUIRE(take_ended(env.effects).size() == 2);
  env.end(first);
  REQUIRE(env.said.empty());
  env.end(second);
  const auto answer = env.take<wire::WorkerManagerCommandResponse>();
  REQUIRE(answer.type == Type::shutdown_workers);
  REQUIRE(answer.status == Status::success);
  REQUIRE(answer.worker_ids.size() == 2);
}

TEST_CASE("a stop of nobody, or of a stranger, finds no worker", "[manager]") {
  ManagerEnv env;
  env.started();
  for (const std::vector<std::string>& ids :
       {std::vector<std::string>{}, {"Worker|NAT|stranger"}, {""}}) {
    env.stop(ids);
    REQUIRE(env.take<wire::WorkerManagerCommandResponse>().status == Status::worker_not_found);
    REQUIRE(env.effects.empty());
  }
}

TEST_CASE("a stop that names a worker twice is answered once", "[manager]") {
  ManagerEnv env;
  const auto id = env.started();
  env.stop({id, id});
  REQUIRE(take_ended(env.effects).size() == 1);
  env.end(id);
  REQUIRE(env.take<wire::WorkerManagerCommandResponse>().status == Status::success);
  REQUIRE(env.said.empty());
}

TEST_CASE("a stop of a worker that has died already is a success", "[manager]") {
  ManagerEnv env;
  const auto id = env.started();
  env.manager.on_ended(id, {false, true, "signal 9 (Killed)"}, env.now);
  env.stop({id});
  REQUIRE(env.take<wire::WorkerManagerCommandResponse>().status == Status::success);
  env.now += 60s;
  env.manager.on_deadline(env.now);
  env.collect();
  REQUIRE(env.effects.empty());  // and it is not replaced
}

TEST_CASE("wishes that fit are added up and reached", "[manager]") {
  ManagerEnv env;
  env.wish({{1, {}}, {2, {{"cpu", 1}}}, {50, {{"gpu", -1}}}});
  REQUIRE(take_started(env.effects).size() == 3);
  env.wish({{3, {}}});
  REQUIRE(env.effects.empty());
  env.wish({{100, {}}});
  REQUIRE(take_started(env.effects).size() == 1);  // up to the limit
  env.wish({{1, {}}});
  REQUIRE(take_ended(env.effects).size() == 3);
  env.wish({});
  REQUIRE(take_ended(env.effects).size() == 1);
  REQUIRE(env.said.empty());  // wishes have no answer
}

TEST_CASE("of a scheduler that says both, the commands count", "[manager]") {
  ManagerEnv env;
  env.wish({{3, {}}}, Dialect::v2_2);
  REQUIRE(env.effects.empty());
  REQUIRE(env.said.empty());
}

TEST_CASE("a wish for more than any machine runs is bounded", "[manager]") {
  ManagerEnv env(-1);
  env.wish({{0xffffffff, {}}, {0xffffffff, {}}});
  REQUIRE(take_started(env.effects).size() == 10'000);
}

TEST_CASE("a manager that stops ends all workers and starts no more", "[manager]") {
  ManagerEnv env;
  const auto id = env.started();
  env.manager.stop(env.now);
  env.collect();
  REQUIRE(take_ended(env.effects) == std::vector<std::string>{id});
  REQUIRE_FALSE(env.manager.finished());
  wire::WorkerManagerCommand order;
  env.command(order);
  REQUIRE(env.effects.empty());
  env.end(id);
  REQUIRE(env.manager.finished());
}

TEST_CASE("a manager whose scheduler is lost keeps its workers", "[manager]") {
  ManagerEnv env;
  const auto id = env.started();
  env.manager.on_lost();
  env.collect();
  REQUIRE(env.effects.empty());
  REQUIRE(env.manager.crew().runs(id));
}

TEST_CASE("other messages mean nothing to a manager", "[manager]") {
  ManagerEnv env;
  env.manager.on_message(wire::WorkerManagerHeartbeatEcho{}, env.now);
  env.manager.on_message(wire::ClientDisconnect{}, env.now);
  env.collect();
  REQUIRE(env.said.empty());
  REQUIRE(env.effects.empty());
}

}  // namespace scaler::manager
