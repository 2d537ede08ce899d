#include <catch2/catch.hpp>
#include <set>

#include "scheduler/graph_env.hpp"

// Nodes of a chain that are sent to their worker before what they take is there.
namespace scaler::scheduler {

using wire::CancelConfirmType;
using wire::TaskResultType;

namespace {

constexpr std::size_t ahead_most = 8;  // tasks that the worker has then

// A chain on a worker that has been seen to name a result as it was told.
struct ChainEnv : GraphEnv {
  explicit ChainEnv(std::size_t length = 12, Options options = quiet()) : GraphEnv(options) {
    ids = chain(length);
    send({ids.back()});
    names.push_back(finish_as_told(worker, take<wire::Task>(worker)));
    take_sent(worker);
  }

  // What a worker was sent, in order; each takes what the one before it will be named.
  void take_sent(const TestPeer& from) {
    while (pending(from) > 0) {
      auto task = take<wire::Task>(from);
      REQUIRE(task.id == ids.at(names.size()));
      REQUIRE(task.arguments == std::vector<wire::Argument>{names.back()});
      names.push_back(task.carried.result_id.value_or(ObjectId{}));
      sent.push_back(std::move(task));
    }
  }
  void finish_first(const TestPeer& by) {
    const wire::Task task = std::move(sent.front());
    sent.erase(sent.begin());
    finish_as_told(by, task);
    take_sent(by);
  }
  // None has run: the tasks from here on are about to be sent again.
  void forget_sent() {
    names.resize(names.size() - sent.size());
    sent.clear();
  }
  void expect_end() {
    while (!sent.empty()) finish_first(worker);
    expect_umbrella(TaskResultType::success);
  }

  std::vector<TaskId> ids;
  std::vector<ObjectId> names;   // of the results, also of those to come
  std::vector<wire::Task> sent;  // and not finished
};

}  // namespace

TEST_CASE("a worker that names results as it is told gets the next nodes of a chain at once",
          "[scheduler]") {
  ChainEnv env;
  REQUIRE(env.sent.size() == ahead_most);
  env.finish_first(env.worker);
  REQUIRE(env.sent.size() == ahead_most);  // one more
  REQUIRE(env.core.counters().tasks_sent_ahead == ahead_most);
  env.expect_end();
  env.advance(1s);
  REQUIRE(env.deleted.size() == env.ids.size() - 1);  // all but the target's
}

TEST_CASE("a worker that names results by itself gets each node when what it takes is there",
          "[scheduler]") {
  GraphEnv env;
  const auto ids = env.chain(3);
  env.send({ids.back()});
  env.run(ids[0]);
  env.run(ids[1]);
  env.run(ids[2]);
  env.expect_umbrella(TaskResultType::success);
  REQUIRE(env.core.counters().tasks_sent_ahead == 0);
}

TEST_CASE("nothing is sent ahead to a worker that has other work", "[scheduler]") {
  GraphEnv env;
  const auto other = env.submit(env.client);
  env.expect_task(env.worker, other);
  const auto ids = env.chain(3);
  env.send({ids.back()});
  env.finish_as_told(env.worker, env.take<wire::Task>(env.worker));
  REQUIRE(env.take<wire::Task>(env.worker).id == ids[1]);
  env.expect_silence();
}

TEST_CASE("a result that two nodes take leads none of them", "[scheduler]") {
  GraphEnv env;
  const auto a = env.node();
  const auto b = env.node({a});
  const auto c = env.node({b});
  const auto d = env.node({b});
  env.send({c, d});
  env.finish_as_told(env.worker, env.take<wire::Task>(env.worker));
  const auto sent_b = env.take<wire::Task>(env.worker);
  REQUIRE_FALSE(sent_b.carried.result_id);
  env.expect_silence();
}

TEST_CASE("a node that takes other results too is sent ahead when they are there", "[scheduler]") {
  GraphEnv env;
  const auto a = env.node();
  const auto b = env.node({a});
  const auto c = env.node({a, b});
  env.send({c});
  const auto of_a = env.finish(env.worker, env.client, env.take<wire::Task>(env.worker).id);
  env.expect_result(env.client, a, TaskResultType::success);
  const auto sent_b = env.take<wire::Task>(env.worker);
  REQUIRE(sent_b.id == b);
  env.expect_silence();  // the worker has not been seen to name anything
  env.finish_as_told(env.worker, sent_b);
  const auto sent_c = env.take<wire::Task>(env.worker);
  REQUIRE(sent_c.arguments == std::vector<wire::Argument>{of_a, *sent_b.carried.result_id});
}

TEST_CASE("a failure ends those that were sent ahead too", "[scheduler]") {
  ChainEnv env;
  env.finish(env.worker, env.client, env.sent[0].id, TaskResultType::failed);
  for (std::size_t at = 1; at < env.sent.size(); ++at)
    env.expect_cancel(env.worker, env.sent[at].id, true);
  const auto results = env.take_results();
  REQUIRE(results.size() == env.ids.size());  // the umbrella's, and all but the first one's
  for (const auto& [id, result] : results) REQUIRE(result.type == TaskResultType::failed);
  for (std::size_t at = 1; at < env.sent.size(); ++at)
    env.confirm(env.worker, env.sent[at].id, CancelConfirmType::canceled);
  env.expect_silence();
  REQUIRE(env.status().clients[0].tasks == 0);
}

TEST_CASE("a cancelled chain is confirmed whole", "[scheduler]") {
  ChainEnv env;
  env.cancel(env.client, env.graph.id);
  for (const wire::Task& task : env.sent) {
    env.expect_cancel(env.worker, task.id, true);
    env.confirm(env.worker, task.id, CancelConfirmType::canceled);
  }
  std::set<TaskId> confirmed;
  while (env.pending(env.client) > 0)
    confirmed.insert(env.take<wire::TaskCancelConfirm>(env.client).id);
  REQUIRE(confirmed.size() == env.ids.size());
  env.expect_silence();
}

TEST_CASE("nodes whose worker is lost wait again for what they take", "[scheduler]") {
  ChainEnv env;
  const auto other = env.add_worker({.slots = 100});
  env.say(env.worker, wire::DisconnectRequest{env.worker.identity});
  env.take<wire::DisconnectResponse>(env.worker);
  env.forget_sent();
  env.take_sent(other);
  REQUIRE(env.sent.size() == 1);  // nobody knows yet how it names results
  env.finish_first(other);
  REQUIRE(env.sent.size() == ahead_most);
  while (!env.sent.empty()) env.finish_first(other);
  env.expect_umbrella(TaskResultType::success);
}

TEST_CASE("a node that comes back alone is sent again when what it takes is there", "[scheduler]") {
  ChainEnv env(4);
  REQUIRE(env.sent.size() == 3);
  env.worker = env.reconnect(env.worker);  // all it has is asked for
  for (const wire::Task& task : env.sent) env.expect_cancel(env.worker, task.id, false);
  env.confirm(env.worker, env.sent[0].id, CancelConfirmType::cancel_failed);
  env.confirm(env.worker, env.sent[1].id, CancelConfirmType::canceled);
  env.confirm(env.worker, env.sent[2].id, CancelConfirmType::canceled);
  env.sent.resize(1);
  env.names.resize(2);
  env.expect_silence();
  env.finish_first(env.worker);
  env.expect_end();
}

TEST_CASE("a node that awaits another name than the result got is asked back", "[scheduler]") {
  ChainEnv env(3);
  REQUIRE(env.sent.size() == 2);
  const auto object = env.finish(env.worker, env.client, env.sent[0].id);
  env.expect_result(env.client, env.sent[0].id, TaskResultType::success);
  env.expect_cancel(env.worker, env.sent[1].id, false);
  SECTION("it has not run") {
    env.confirm(env.worker, env.sent[1].id, CancelConfirmType::canceled);
    const auto again = env.take<wire::Task>(env.worker);
    REQUIRE(again.arguments == std::vector<wire::Argument>{object});
  }
  SECTION("it runs, for the object had come before") {
    env.confirm(env.worker, env.sent[1].id, CancelConfirmType::cancel_failed);
  }
  env.finish(env.worker, env.client, env.sent[1].id);
  env.expect_result(env.client, env.sent[1].id, TaskResultType::success);
  env.expect_umbrella(TaskResultType::success);
}

TEST_CASE("a node may end before word of what it took comes", "[scheduler]") {
  ChainEnv env(3);
  env.finish(env.worker, env.client, env.sent[1].id);
  env.expect_result(env.client, env.sent[1].id, TaskResultType::success);
  env.finish_as_told(env.worker, env.sent[0]);
  env.expect_umbrella(TaskResultType::success);
}

TEST_CASE("what was sent ahead is not balanced away", "[scheduler]") {
  Options options = SchedulerEnv::quiet();
  options.load_balance_interval = 1s;
  ChainEnv env(12, options);
  const auto idle = env.add_worker({.slots = 100});
  env.advance(30s);
  env.expect_silence();
  (void)idle;
}

TEST_CASE("a chain whose owner leaves is cancelled on its worker, and forgotten", "[scheduler]") {
  ChainEnv env;
  env.say(env.client, wire::ClientDisconnect{});
  for (const wire::Task& task : env.sent) {
    env.expect_cancel(env.worker, task.id, true);
    env.confirm(env.worker, task.id, CancelConfirmType::canceled);
  }
  env.advance(1s);
  REQUIRE(env.count(wire::TaskState::running) == 0);
  REQUIRE(env.status().clients.empty());
}

}  // namespace scaler::scheduler
