// What is large is done in parts, some each turn, and heartbeats never wait for more than one part.
#include <catch2/catch.hpp>

#include "scheduler/env.hpp"

namespace scaler::scheduler {

using wire::CancelConfirmType;
using wire::TaskResultType;

namespace {

constexpr std::size_t operations_per_turn = 2'000;
constexpr std::size_t nodes = 10'000;

// A client with a graph of one root, a node for each other id that takes the root's result, and a
// sink that takes all of theirs. What is said is counted instead of kept.
struct LargeGraph : SchedulerEnv {
  LargeGraph() {
    check = false;
    client = add_client();
    graph.id = new_task_id();
    graph.source = client.identity;
    for (std::size_t i = 0; i < nodes; ++i) graph.nodes.push_back(task_of(client));
    const TaskId root = graph.nodes.front().id;
    for (std::size_t i = 1; i + 1 < nodes; ++i) {
      graph.nodes[i].arguments = {root};
      graph.nodes.back().arguments.push_back(graph.nodes[i].id);
    }
    graph.targets = {graph.nodes.back().id};
  }

  void arrive() { tell(client, graph); }
  // Heard, but no turn is run.
  void tell(const TestPeer& from, wire::Message message) {
    core.on_message(from.id, std::move(message), Bytes::copy_of("frame"), now, out);
    REQUIRE(out.size() <= 2);
  }
  // A heartbeat between two turns is answered before the next one.
  void require_echo() {
    collect_counts();
    core.on_message(client.id, wire::ClientHeartbeat{}, {}, now, out);
    REQUIRE(out.size() == 1);
    out.clear();
  }
  // Turns until there is nothing to do; each of them is a part.
  std::size_t run() {
    std::size_t turns = 1;
    for (; core.run_turn(now, out); ++turns) {
      REQUIRE(out.size() <= 2 * operations_per_turn);  // an error is copied, then said
      if (turns % 8 == 0) core.check_invariants();
      require_echo();
    }
    core.check_invariants();
    collect_counts();
    return turns;
  }
  void run_some(int turns) {
    while (turns-- > 0) REQUIRE(core.run_turn(now, out));
    core.check_invariants();
    collect_counts();
  }
  void collect_counts() {
    for (Effect& effect : out) {
      if (auto* copy = std::get_if<DuplicateObject>(&effect)) duplicated.push_back(*copy);
      auto* send = std::get_if<Send>(&effect);
      if (send == nullptr || send->to != client.id) continue;
      if (auto* result = std::get_if<wire::TaskResult>(&send->message))
        REQUIRE(results.emplace(result->id, std::move(*result)).second);
      if (auto* confirm = std::get_if<wire::TaskCancelConfirm>(&send->message))
        REQUIRE(confirms.emplace(confirm->id, confirm->type).second);
    }
    out.clear();
  }
  void require_all_confirmed() {
    REQUIRE(confirms.size() == nodes + 1);
    for (const auto& [id, type] : confirms) REQUIRE(type == CancelConfirmType::canceled);
    REQUIRE(status().clients[0].tasks == 0);
  }

  TestPeer client;
  wire::GraphTask graph;
  std::map<TaskId, wire::TaskResult> results;
  std::map<TaskId, CancelConfirmType> confirms;
};

}  // namespace

TEST_CASE("a large graph is taken in some nodes a turn", "[scheduler]") {
  LargeGraph env;
  env.arrive();
  // Each node is registered, linked and sorted, and so is each of its inputs.
  REQUIRE(env.run() >= 4 * nodes / operations_per_turn);
  REQUIRE(env.status().clients[0].tasks == 2);  // the umbrella and the root
}

TEST_CASE("what can run at once when a node is done is started some nodes a turn", "[scheduler]") {
  LargeGraph env;
  env.arrive();
  env.run();
  const auto worker = env.add_worker({.slots = 2 * nodes});
  env.expect_task(worker, env.graph.nodes.front().id);
  const ObjectId object = env.new_object_id();
  const TaskId root = env.graph.nodes.front().id;
  env.tell(worker, wire::TaskResult{root, TaskResultType::success, {}, {object}});
  REQUIRE(env.run() >= nodes / operations_per_turn);
  REQUIRE(env.status().clients[0].tasks == nodes - 1);  // the umbrella, and all but root and sink
}

TEST_CASE("a large graph that cannot run is refused some nodes a turn", "[scheduler]") {
  LargeGraph env;
  env.graph.nodes.front().arguments = {env.graph.nodes.back().id};
  env.arrive();
  REQUIRE(env.run() >= 4 * nodes / operations_per_turn);
  REQUIRE(env.results.size() == nodes + 1);
  for (const auto& [id, result] : env.results)
    REQUIRE(result.type == TaskResultType::failed_worker_died);
}

TEST_CASE("a large graph is cancelled some nodes a turn", "[scheduler]") {
  LargeGraph env;
  env.arrive();
  env.run();
  env.tell(env.client, wire::TaskCancel{env.graph.id, true});
  REQUIRE(env.run() >= 2 * nodes / operations_per_turn);
  env.require_all_confirmed();
  env.confirms.clear();
  env.tell(env.client, wire::TaskCancel{env.graph.id, true});
  env.collect_counts();
  REQUIRE(env.confirms[env.graph.id] == CancelConfirmType::cancel_not_found);
}

TEST_CASE("a graph that is cancelled while it arrives ends like any other", "[scheduler]") {
  LargeGraph env;
  env.arrive();
  env.run_some(GENERATE(0, 1, 4, 8, 12));
  SECTION("by its own id") { env.tell(env.client, wire::TaskCancel{env.graph.id, true}); }
  SECTION("by the id of its last node") {
    env.tell(env.client, wire::TaskCancel{env.graph.nodes.back().id, true});
  }
  SECTION("by an id, after one that nobody knows") {
    const TaskId unknown = env.new_task_id();
    env.tell(env.client, wire::TaskCancel{unknown, true});
    env.tell(env.client, wire::TaskCancel{env.graph.id, true});
    env.run();
    REQUIRE(env.confirms[unknown] == CancelConfirmType::cancel_not_found);
    env.confirms.erase(unknown);
  }
  env.run();
  env.require_all_confirmed();
}

TEST_CASE("a client that leaves while its graph arrives leaves nothing behind", "[scheduler]") {
  LargeGraph env;
  env.arrive();
  env.run_some(GENERATE(0, 1, 5, 10));
  env.tell(env.client, wire::TaskCancel{env.graph.nodes.back().id, true});
  env.core.on_message(env.client.id, wire::ClientDisconnect{}, {}, env.now, env.out);
  while (env.core.run_turn(env.now, env.out)) {
  }
  env.core.check_invariants();
  REQUIRE(env.status().clients.empty());
  REQUIRE(env.count(wire::TaskState::inactive) == 0);
}

TEST_CASE("a failure of a large graph is answered some nodes a turn, from a copy of our own",
          "[scheduler]") {
  LargeGraph env;
  env.arrive();
  env.run();
  const auto worker = env.add_worker({.slots = 1});
  const TaskId root = env.graph.nodes.front().id;
  const ObjectId error = env.new_object_id();
  env.tell(worker, wire::TaskResult{root, TaskResultType::failed, {}, {error}});
  REQUIRE(env.run() >= 2 * nodes / operations_per_turn);
  REQUIRE(env.results.size() == nodes);  // the root's own was forwarded
  REQUIRE(env.results.at(env.graph.id).type == TaskResultType::failed);
  REQUIRE(env.duplicated.size() == nodes);
  const ObjectId source = env.duplicated.front().copy;
  REQUIRE(env.duplicated.front().source == error);
  for (std::size_t at = 1; at < nodes; ++at) REQUIRE(env.duplicated[at].source == source);
}

TEST_CASE("a small graph does not wait for a large one", "[scheduler]") {
  LargeGraph env;
  env.arrive();
  env.run_some(1);
  wire::GraphTask small{env.new_task_id(), env.client.identity, {}, {env.task_of(env.client)}};
  env.tell(env.client, small);
  env.run_some(1);
  REQUIRE(env.core.explain(small.nodes.front().id).standing == Standing::waiting);
  REQUIRE(env.core.explain(env.graph.nodes.back().id).standing == Standing::unknown);
}

// ---- workers that come back ----

namespace {

struct Returner : SchedulerEnv {
  static constexpr std::size_t held = 5'000;
  Returner() {
    check = false;
    client = add_client();
    worker = add_worker({.slots = 2 * held});
    for (std::size_t i = 0; i < held; ++i) ids.push_back(submit(client));
    forget_mail();
    lose(worker);
  }
  // Cancels in what was said in this turn.
  std::size_t questions() {
    const auto count = std::count_if(out.begin(), out.end(), [](const Effect& effect) {
      const auto* send = std::get_if<Send>(&effect);
      return send != nullptr && std::holds_alternative<wire::TaskCancel>(send->message);
    });
    out.clear();
    return static_cast<std::size_t>(count);
  }
  void come_back() {
    worker.id.generation += 1;
    core.on_peer(worker.id, worker.identity, now, out);
    REQUIRE(questions() == 0);
  }
  TestPeer client;
  TestPeer worker;
  std::vector<TaskId> ids;
};

}  // namespace

TEST_CASE("a worker that is back is asked about some tasks a turn, about each once",
          "[scheduler]") {
  Returner env;
  env.come_back();
  std::size_t asked = 0;
  std::size_t turns = 0;
  for (bool more = true; more; ++turns) {
    more = env.core.run_turn(env.now, env.out);
    REQUIRE(env.out.size() <= operations_per_turn);
    asked += env.questions();
    env.core.check_invariants();
  }
  REQUIRE(turns >= Returner::held / operations_per_turn);
  REQUIRE(asked == Returner::held);
}

TEST_CASE("a worker that is back gets no more tasks before it was asked about all it has",
          "[scheduler]") {
  Returner env;
  env.come_back();
  const TaskId task = env.task_of(env.client).id;
  wire::Task message = env.task_of(env.client);
  message.id = task;
  env.core.on_message(env.client.id, message, Bytes::copy_of("frame"), env.now, env.out);
  env.core.run_turn(env.now, env.out);
  REQUIRE(env.core.explain(task).standing == Standing::waiting);
  while (env.core.run_turn(env.now, env.out)) {
  }
  env.core.check_invariants();
  REQUIRE(env.core.explain(task).standing == Standing::running);
}

TEST_CASE("what ends while its worker is being asked is not asked about", "[scheduler]") {
  Returner env;
  env.come_back();
  env.core.run_turn(env.now, env.out);
  std::size_t asked = env.questions();
  const wire::TaskResult last{env.ids.back(), TaskResultType::failed_worker_died, {}, {}};
  const wire::TaskResult next{env.ids[asked], TaskResultType::failed_worker_died, {}, {}};
  for (const auto& result : {last, next})
    env.core.on_message(env.worker.id, result, {}, env.now, env.out);
  while (env.core.run_turn(env.now, env.out)) asked += env.questions();
  asked += env.questions();
  env.core.check_invariants();
  REQUIRE(asked == Returner::held - 2);
}

TEST_CASE("a worker that goes while it is being asked loses its tasks like any other",
          "[scheduler]") {
  Returner env;
  env.come_back();
  env.core.run_turn(env.now, env.out);
  env.core.on_peer_lost(env.worker.id, env.now, env.out);
  while (env.core.run_turn(env.now, env.out)) {
  }
  env.core.check_invariants();
  env.now += 3s;
  env.core.on_deadline(env.now, env.out);
  while (env.core.run_turn(env.now, env.out)) {
  }
  env.core.check_invariants();
  REQUIRE(env.count(wire::TaskState::inactive) == Returner::held);
}

}  // namespace scaler::scheduler
