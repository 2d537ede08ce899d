#include "scaler/manager/unit_manager.hpp"

#include <catch2/catch.hpp>

namespace scaler::manager {

namespace {

using CommandType = wire::ManagerCommandType;
using ResponseStatus = wire::ManagerResponseStatus;

UnitManagerOptions options(std::int64_t most = 6) {
  UnitManagerOptions options;
  options.manager_id = "wm";
  options.capabilities = {{"gpu", -1}};
  options.workers_max = most;
  options.workers_per_unit = 4;
  return options;
}

wire::WorkerManagerCommand command(CommandType type, std::vector<std::string> ids = {}) {
  wire::WorkerManagerCommand command;
  command.type = type;
  for (const std::string& id : ids) command.worker_ids.push_back(Bytes::copy_of(id));
  return command;
}

template <class T>
T only(UnitManager& manager) {
  auto messages = manager.take_messages();
  REQUIRE(messages.size() == 1);
  return std::get<T>(messages.front());
}

}  // namespace

TEST_CASE("a manager of units says how many workers whole units make", "[manager]") {
  UnitManager manager(options());
  manager.on_connected(TimePoint{});
  CHECK(only<wire::WorkerManagerHeartbeat>(manager).max_task_concurrency == 8);
  CHECK(*manager.next_deadline() == TimePoint{} + 2s);
  manager.on_deadline(TimePoint{} + 2s);
  only<wire::WorkerManagerHeartbeat>(manager);
  manager.on_lost();
  CHECK_FALSE(manager.next_deadline());
  UnitManager endless(options(-1));
  endless.on_connected(TimePoint{});
  CHECK(only<wire::WorkerManagerHeartbeat>(endless).max_task_concurrency == 0xffffffff);
}

TEST_CASE("starts are answered at once and without ids, until no unit may be added", "[manager]") {
  UnitManager manager(options());
  for (int i = 0; i < 8; ++i) {
    manager.on_message(command(CommandType::start_workers), TimePoint{});
    const auto answer = only<wire::WorkerManagerCommandResponse>(manager);
    CHECK(answer.status == ResponseStatus::success);
    CHECK(answer.worker_ids.empty());
    CHECK(answer.capabilities.size() == 1);
  }
  CHECK(manager.take_effects().size() == 2);
  manager.on_message(command(CommandType::start_workers), TimePoint{});
  CHECK(only<wire::WorkerManagerCommandResponse>(manager).status ==
        ResponseStatus::too_many_workers);
}

TEST_CASE("a stop that names workers of ours is a success, another is not", "[manager]") {
  UnitManager manager(options());
  manager.on_found("ab", 1, TimePoint{});
  manager.on_message(
      command(CommandType::shutdown_workers, {"Worker|NAT|1|2", "Worker|ECS-ab|1|2"}), TimePoint{});
  const auto answer = only<wire::WorkerManagerCommandResponse>(manager);
  CHECK(answer.status == ResponseStatus::success);
  CHECK(answer.worker_ids.size() == 1);
  CHECK(std::get<StopUnit>(manager.take_effects().at(0)).name == "ab");
  for (const auto& ids : {std::vector<std::string>{}, {"Worker|ECS-cd|1|2"}}) {
    manager.on_message(command(CommandType::shutdown_workers, ids), TimePoint{});
    CHECK(only<wire::WorkerManagerCommandResponse>(manager).status ==
          ResponseStatus::worker_not_found);
  }
}

TEST_CASE("wishes are obeyed without an answer, as far as the workers offer what is wished for",
          "[manager]") {
  UnitManager manager(options(-1));
  auto wish = command(CommandType::set_desired_task_concurrency);
  wish.desired = {{5, {}}, {4, {{"gpu", -1}}}, {100, {{"tpu", -1}}}};
  manager.on_message(wish, TimePoint{});
  CHECK(manager.take_effects().empty());  // a scheduler of 2.2, whose commands count
  wish.dialect = wire::ManagerDialect::v2_6;
  manager.on_message(wish, TimePoint{});
  CHECK(manager.take_effects().size() == 3);
  CHECK(manager.take_messages().empty());
}

TEST_CASE("a manager that is stopping hears no commands", "[manager]") {
  UnitManager manager(options());
  manager.on_found("ab", 4, TimePoint{});
  manager.stop();
  CHECK(manager.take_effects().size() == 1);
  manager.on_message(command(CommandType::start_workers), TimePoint{});
  CHECK(manager.take_effects().empty());
}

}  // namespace scaler::manager
