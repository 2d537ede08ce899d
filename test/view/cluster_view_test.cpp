#include "scaler/view/cluster_view.hpp"

#include <catch2/catch.hpp>

#include "view/bytes.hpp"

namespace scaler::view {
namespace {

constexpr TimePoint start{};

wire::StateScheduler::WorkerStatus worker_named(std::string_view id) {
  wire::StateScheduler::WorkerStatus worker;
  worker.worker = bytes(id);
  worker.itl = "100";
  return worker;
}

wire::StateScheduler state_with(const std::vector<std::string>& workers) {
  wire::StateScheduler state;
  for (const std::string& id : workers) state.workers.push_back(worker_named(id));
  return state;
}

std::vector<std::string> ids_of(const std::vector<const WorkerView*>& rows) {
  std::vector<std::string> ids;
  for (const WorkerView* row : rows) ids.emplace_back(row->status.worker.text());
  return ids;
}

wire::StateWorker connected(std::string_view id, std::string_view capability) {
  return {bytes(id), wire::WorkerState::connected, {{std::string(capability), -1}}};
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("a picture is empty until a scheduler's state comes, and ages from then on", "[view]") {
  ClusterView view;
  view.on_message(wire::StateTask{}, start);
  REQUIRE(view.empty());
  view.on_message(wire::StateScheduler{}, start + 1s);
  REQUIRE_FALSE(view.empty());
  REQUIRE(view.age(start + 3s) == 2s);
  view.on_message(wire::StateScheduler{}, start + 3s);
  REQUIRE(view.age(start + 3s) == 0s);
}

TEST_CASE("a worker is joined with its manager and its processors' sums", "[view]") {
  auto state = state_with({"a", "b"});
  state.workers[0].processors = {{1, true, true, false, {900, 10}},
                                 {2, true, true, true, {200, 5}}};
  state.managed_workers = {{bytes("wm"), {bytes("a"), bytes("elsewhere")}}};
  ClusterView view;
  view.on_message(state, start);
  REQUIRE(view.workers()[0].manager_id.text() == "wm");
  REQUIRE(view.workers()[0].cpu_permille == 1100);
  REQUIRE(view.workers()[0].rss_bytes == 15);
  REQUIRE(view.workers()[1].manager_id.empty());
}

TEST_CASE("capabilities are unknown of workers that connected before", "[view]") {
  ClusterView view;
  view.on_message(connected("b", "gpu"), start);
  view.on_message(state_with({"a", "b"}), start);
  REQUIRE_FALSE(view.workers()[0].capabilities);
  REQUIRE(view.workers()[1].capabilities->at(0).name == "gpu");
  view.on_message(connected("a", "tpu"), start);
  REQUIRE(view.workers()[0].capabilities->at(0).name == "tpu");
}

TEST_CASE("the capabilities of a worker that is gone are forgotten", "[view]") {
  ClusterView view;
  view.on_message(connected("a", "gpu"), start);
  view.on_message(state_with({}), start);  // said before the worker was counted
  view.on_message(state_with({"a"}), start);
  REQUIRE(view.workers()[0].capabilities);
  SECTION("without a word") { view.on_message(state_with({}), start); }
  SECTION("with a word") {
    view.on_message(wire::StateWorker{bytes("a"), wire::WorkerState::disconnected, {}}, start);
  }
  view.on_message(state_with({"a"}), start);
  REQUIRE_FALSE(view.workers()[0].capabilities);
}

TEST_CASE("managers carry the sums of their workers, connected or not", "[view]") {
  auto state = state_with({"a", "b", "c"});
  state.workers[0].sent = 3;
  state.workers[1].sent = 4;
  state.workers[2].agent = {7, 70};
  state.managed_workers = {{bytes("fixed"), {bytes("a"), bytes("b")}}};
  state.managers = {{bytes("idle"), "m", 1, 8, "linux", 2}};
  ClusterView view;
  view.on_message(state, start);
  REQUIRE(view.managers().size() == 3);
  REQUIRE(view.managers()[0].id.empty());  // nobody claims c
  REQUIRE(view.managers()[0].totals.agent_rss_bytes == 70);
  REQUIRE(view.managers()[1].id.text() == "fixed");
  REQUIRE_FALSE(view.managers()[1].detail);
  REQUIRE(view.managers()[1].totals.workers == 2);
  REQUIRE(view.managers()[1].totals.sent == 7);
  REQUIRE(view.managers()[2].detail->max_task_concurrency == 8);
  REQUIRE(view.totals().workers == 3);
  REQUIRE(view.pending_workers() == 2);
}

TEST_CASE("each column orders the rows, both ways, and equals stay as they were", "[view]") {
  auto state = state_with({"b", "a", "c"});
  auto& first = state.workers[0];  // b has most of everything, c least, whatever the column
  auto& second = state.workers[1];
  first.agent = second.agent = {5, 50};
  first.processors = {{1, true, true, false, {9, 9}}};
  second.processors = {{1, true, true, false, {8, 8}}};
  first.rss_free_bytes = 2, second.rss_free_bytes = 1;
  first.free = 2, second.free = 1;
  first.sent = 2, second.sent = 1;
  first.queued = 2, second.queued = 1;
  first.suspended = 2, second.suspended = 1;
  first.lag_us = 2, second.lag_us = 1;
  first.itl = "111", second.itl = "110";
  state.managed_workers = {{bytes("z"), {bytes("b")}}, {bytes("y"), {bytes("a")}}};
  ClusterView view;
  view.on_message(state, start);
  for (std::size_t i = 0; i < column_count; ++i) {
    const auto column = static_cast<Column>(i);
    if (column == Column::worker) continue;
    INFO(i);
    REQUIRE(ids_of(worker_rows(view, {column, Direction::descending})) == Ids{"b", "a", "c"});
    const bool tie = column == Column::agent_cpu || column == Column::agent_rss;
    REQUIRE(ids_of(worker_rows(view, {column, Direction::ascending})) ==
            (tie ? Ids{"c", "b", "a"} : Ids{"c", "a", "b"}));
  }
  REQUIRE(ids_of(worker_rows(view, {Column::worker, Direction::ascending})) == Ids{"a", "b", "c"});
}

TEST_CASE("a filter keeps the rows that name it anywhere", "[view]") {
  auto state = state_with({"Worker|FIX|1", "Worker|NAT|2", "Worker|NAT|3"});
  state.managed_workers = {{bytes("pool-fix"), {bytes("Worker|NAT|2")}}};
  ClusterView view;
  view.on_message(connected("Worker|NAT|3", "prefix"), start);
  view.on_message(state, start);
  const Order order{Column::worker, Direction::ascending};
  REQUIRE(worker_rows(view, order, "").size() == 3);
  REQUIRE(worker_rows(view, order, "fIx").size() == 3);
  REQUIRE(ids_of(worker_rows(view, order, "pool")) == Ids{"Worker|NAT|2"});
  REQUIRE(worker_rows(view, order, "nowhere").empty());
  REQUIRE(manager_rows(view, order, "POOL").size() == 1);
}

TEST_CASE("managers are ordered by their workers' sums, clients by their tasks", "[view]") {
  auto state = state_with({"a", "b", "c"});
  state.workers[1].sent = 1;
  state.managed_workers = {{bytes("one"), {bytes("b")}}, {bytes("two"), {bytes("a"), bytes("c")}}};
  state.clients = {{bytes("y"), 1}, {bytes("x"), 5}, {bytes("z"), 3}};
  ClusterView view;
  view.on_message(state, start);
  const auto first_manager = [&](Column by, Direction direction) {
    return std::string(manager_rows(view, {by, direction}).front()->id.text());
  };
  REQUIRE(first_manager(Column::sent, Direction::descending) == "one");
  REQUIRE(first_manager(Column::worker, Direction::descending) == "two");
  REQUIRE(first_manager(Column::manager, Direction::descending) == "two");
  REQUIRE(first_manager(Column::lag, Direction::ascending) == "one");
  REQUIRE(client_rows(view, {Column::cpu, Direction::descending}).front()->client.text() == "x");
  REQUIRE(client_rows(view, {Column::worker, Direction::descending}).front()->client.text() == "z");
  REQUIRE(client_rows(view, {}, "Y").size() == 1);
}

}  // namespace scaler::view
