#include <catch2/catch.hpp>

#include "scheduler/graph_env.hpp"

namespace scaler::scheduler {

using wire::CancelConfirmType;
using wire::TaskResultType;
using wire::TaskState;

TEST_CASE("a graph runs in order of its edges, every node answers, the umbrella last",
          "[scheduler]") {
  GraphEnv env;
  const auto a = env.node();
  const auto b = env.node({a});
  const auto c = env.node({a, b});
  env.send({c});
  REQUIRE(env.status().clients[0].tasks == 2);  // the umbrella and a
  const auto of_a = env.run(a);
  const auto sent_b = env.take<wire::Task>(env.worker);
  REQUIRE(sent_b.id == b);
  REQUIRE(sent_b.arguments == std::vector<wire::Argument>{of_a});
  const auto of_b = env.finish(env.worker, env.client, b);
  env.expect_result(env.client, b, TaskResultType::success);
  const auto sent_c = env.take<wire::Task>(env.worker);
  REQUIRE(sent_c.arguments == std::vector<wire::Argument>{of_a, of_b});
  const auto of_c = env.finish(env.worker, env.client, c);
  env.expect_result(env.client, c, TaskResultType::success);
  env.expect_umbrella(TaskResultType::success);
  env.advance(1s);
  REQUIRE(env.deleted == std::vector{of_a, of_b});  // a target stays
  REQUIRE(env.status().objects == 1);
  (void)of_c;
}

TEST_CASE("an intermediate result is deleted with its last consumer, a dead end at once",
          "[scheduler]") {
  GraphEnv env;
  const auto a = env.node();
  const auto b = env.node({a});
  const auto c = env.node({a});
  const auto dead = env.node({a});
  env.send({b, c});
  const auto of_a = env.run(a);
  env.run(b);
  env.run(c);
  env.advance(1s);
  REQUIRE(env.deleted.empty());
  env.forget_mail();
  const auto of_dead = env.finish(env.worker, env.client, dead);
  env.expect_result(env.client, dead, TaskResultType::success);
  env.expect_umbrella(TaskResultType::success);
  env.advance(1s);
  REQUIRE(env.deleted == std::vector{of_a, of_dead});
}

TEST_CASE("a node may take the same result twice", "[scheduler]") {
  GraphEnv env;
  const auto a = env.node();
  const auto b = env.node({a, a});
  env.send({b});
  const auto of_a = env.run(a);
  const auto sent = env.take<wire::Task>(env.worker);
  REQUIRE(sent.arguments == std::vector<wire::Argument>{of_a, of_a});
  env.finish(env.worker, env.client, b);
  env.expect_result(env.client, b, TaskResultType::success);
  env.expect_umbrella(TaskResultType::success);
}

TEST_CASE("an empty graph succeeds at once", "[scheduler]") {
  GraphEnv env;
  env.send({});
  env.expect_umbrella(TaskResultType::success);
}

TEST_CASE("monitors are told of the nodes and their parents", "[scheduler]") {
  GraphEnv env;
  env.core.set_monitored(true);
  const auto a = env.node();
  const auto b = env.node({a});
  env.send({b});
  const auto events = env.take_events<wire::StateGraphTask>();
  REQUIRE(events.size() == 2);
  REQUIRE(events[0] == wire::StateGraphTask{env.graph.id, a, wire::NodeTaskType::normal, {}});
  REQUIRE(events[1] == wire::StateGraphTask{env.graph.id, b, wire::NodeTaskType::target, {a}});
}

TEST_CASE("a graph that cannot run is answered for every node and the umbrella", "[scheduler]") {
  GraphEnv env;
  const auto a = env.node();
  std::vector<TaskId> answered{a};
  SECTION("a cycle") {
    const auto b = env.node({a});
    env.graph.nodes[0].arguments = {b};
    answered.push_back(b);
    env.send({b});
  }
  SECTION("a node that feeds itself") {
    env.graph.nodes[0].arguments = {a};
    env.send({a});
  }
  SECTION("an unknown node") {
    answered.push_back(env.node({env.new_task_id()}));
    env.send({a});
  }
  SECTION("an unknown target") { env.send({env.new_task_id()}); }
  SECTION("a node twice") {
    env.graph.nodes.push_back(env.graph.nodes[0]);
    env.send({a});
  }
  SECTION("a node of another source") {
    env.graph.nodes[0].source = Bytes::copy_of("Client|other");
    env.send({a});
  }
  SECTION("flags that workers refuse") {
    env.graph.nodes[0].metadata = Bytes::copy_of("x");
    env.send({a});
  }
  answered.push_back(env.graph.id);
  const auto results = env.take_results();
  REQUIRE(results.size() == answered.size());
  for (const auto& id : answered) {
    REQUIRE(results.at(id).type == TaskResultType::failed_worker_died);
    REQUIRE(results.at(id).results.empty());
  }
  env.expect_silence();
}

TEST_CASE("a graph whose node is a live task leaves that task alone", "[scheduler]") {
  GraphEnv env;
  const auto live = env.submit(env.client);
  env.expect_task(env.worker, live);
  const auto a = env.node();
  env.graph.nodes.push_back(env.task_of(env.client));
  env.graph.nodes.back().id = live;
  env.send({a});
  const auto results = env.take_results();
  REQUIRE(results.size() == 2);
  REQUIRE(results.contains(a));
  REQUIRE(results.contains(env.graph.id));
  env.finish(env.worker, env.client, live);
  env.expect_result(env.client, live, TaskResultType::success);
}

TEST_CASE("a live graph's ids are not taken twice", "[scheduler]") {
  GraphEnv env;
  const auto a = env.node();
  env.send({a});
  env.say(env.client, env.graph);
  auto task = env.task_of(env.client);
  task.id = env.graph.id;
  env.say(env.client, task);
  REQUIRE(env.core.counters().messages_refused == 2);
  env.run(a);
  env.expect_umbrella(TaskResultType::success);
}

TEST_CASE("a failure ends every node once, with copies of the error, the umbrella last",
          "[scheduler]") {
  GraphEnv env;
  const auto a = env.node();
  const auto b = env.node({a});
  const auto d = env.node({b});
  const auto e = env.node();
  env.send({d, e});
  env.expect_task(env.worker, a);
  env.expect_task(env.worker, e);
  const auto error = env.finish(env.worker, env.client, a, TaskResultType::failed);
  std::vector<ObjectId> copies;
  for (const auto& id : {a, e, b, d}) {
    const auto result = env.take<wire::TaskResult>(env.client);
    REQUIRE(result.id == id);
    REQUIRE(result.type == TaskResultType::failed);
    REQUIRE(result.metadata.size() == 16);
    REQUIRE(result.results.size() == 1);
    copies.push_back(result.results[0]);
  }
  REQUIRE(copies[0] == error);
  // The client may delete its error at once, so the copies are made from one that it does not know.
  REQUIRE(env.duplicated.size() == 4);
  const auto source = env.duplicated[0].copy;
  REQUIRE(env.duplicated[0].source == error);
  const auto owner = owner_hash_of(env.client.identity);
  for (std::size_t at = 0; at < 3; ++at) {
    REQUIRE(env.duplicated[at + 1].source == source);
    REQUIRE(env.duplicated[at + 1].copy == copies[at + 1]);
    REQUIRE(std::equal(owner.begin(), owner.end(), copies[at + 1].bytes.begin()));
  }
  const auto umbrella = env.take<wire::TaskResult>(env.client);
  REQUIRE(umbrella.id == env.graph.id);
  REQUIRE(umbrella.type == TaskResultType::failed);
  REQUIRE(umbrella.results.empty());
  env.expect_cancel(env.worker, e, true);
  REQUIRE(env.status().objects == 4);

  SECTION("what a running node still says is swallowed") {
    const auto late = env.finish(env.worker, env.client, e);
    env.advance(1s);
    REQUIRE(env.deleted == std::vector{source, late});
    env.forget_mail();  // the worker is told of the deletion
  }
  SECTION("or its confirm") { env.confirm(env.worker, e, CancelConfirmType::canceled); }
  SECTION("or its worker is lost") {
    env.lose(env.worker);
    env.advance(4s);
    REQUIRE(env.deleted == std::vector{source});
  }
  REQUIRE(env.status().clients[0].tasks == 0);
  env.expect_silence();
}

TEST_CASE("a node whose worker died fails the graph without an error object", "[scheduler]") {
  GraphEnv env;
  const auto a = env.node();
  const auto b = env.node({a});
  env.send({b});
  env.expect_task(env.worker, a);
  env.say(env.worker, wire::TaskResult{a, TaskResultType::success, {}, {}});  // without an id
  const auto results = env.take_results();
  REQUIRE(results.size() == 3);
  for (const auto& [id, result] : results) {
    REQUIRE(result.type == TaskResultType::failed_worker_died);
    REQUIRE(result.results.empty());
  }
  REQUIRE(env.duplicated.empty());
}

TEST_CASE("cancelling a graph confirms unstarted nodes at once, running ones when told",
          "[scheduler]") {
  GraphEnv env;
  const auto a = env.node();
  const auto b = env.node({a});
  const auto c = env.node({b});
  env.send({c});
  env.expect_task(env.worker, a);
  env.cancel(env.client, GENERATE(true, false) ? env.graph.id : c);
  env.expect_confirm(env.client, b, CancelConfirmType::canceled);
  env.expect_confirm(env.client, c, CancelConfirmType::canceled);
  env.expect_cancel(env.worker, a, true);
  env.expect_silence();
  SECTION("the worker confirms") {
    env.confirm(env.worker, a, CancelConfirmType::canceled);
    env.expect_confirm(env.client, a, CancelConfirmType::canceled);
  }
  SECTION("the worker does not know it") {
    env.confirm(env.worker, a, CancelConfirmType::cancel_not_found);
    env.expect_confirm(env.client, a, CancelConfirmType::cancel_not_found);
  }
  SECTION("the result was faster") {
    env.finish(env.worker, env.client, a);
    env.expect_result(env.client, a, TaskResultType::success);
  }
  SECTION("the worker refuses, and the graph waits for the result") {
    env.confirm(env.worker, a, CancelConfirmType::cancel_failed);
    env.expect_silence();
    env.finish(env.worker, env.client, a, TaskResultType::failed);
    env.expect_result(env.client, a, TaskResultType::failed);
  }
  SECTION("the worker is lost") {
    env.lose(env.worker);
    env.advance(3s);
    env.expect_confirm(env.client, a, CancelConfirmType::canceled);
  }
  env.expect_confirm(env.client, env.graph.id, CancelConfirmType::canceled);
  env.expect_silence();
  REQUIRE(env.status().clients[0].tasks == 0);
}

TEST_CASE("cancelling a graph that waits for workers ends it at once", "[scheduler]") {
  GraphEnv env;
  env.lose(env.worker);
  const auto a = env.node();
  const auto b = env.node({a});
  env.send({b});
  env.cancel(env.client, env.graph.id);
  env.expect_confirm(env.client, b, CancelConfirmType::canceled);
  env.expect_confirm(env.client, a, CancelConfirmType::canceled);
  env.expect_confirm(env.client, env.graph.id, CancelConfirmType::canceled);
  env.expect_silence();
}

TEST_CASE("a node that has ended is no longer found by a cancel", "[scheduler]") {
  GraphEnv env;
  const auto a = env.node();
  const auto b = env.node({a});
  env.send({b});
  env.run(a);
  env.expect_task(env.worker, b);
  env.cancel(env.client, a);
  env.expect_confirm(env.client, a, CancelConfirmType::cancel_not_found);
  env.expect_silence();
}

TEST_CASE("a graph whose owner leaves is cancelled on its workers", "[scheduler]") {
  GraphEnv env;
  const auto a = env.node();
  const auto b = env.node({a});
  env.send({b});
  env.expect_task(env.worker, a);
  env.say(env.client, wire::ClientDisconnect{});
  env.expect_cancel(env.worker, a, true);
  env.confirm(env.worker, a, CancelConfirmType::canceled);
  env.expect_silence();
  REQUIRE(env.status().clients.empty());
}

TEST_CASE("a node is run again when its worker is lost", "[scheduler]") {
  GraphEnv env;
  const auto a = env.node();
  const auto b = env.node({a});
  env.send({b});
  env.run(a);
  env.expect_task(env.worker, b);
  env.lose(env.worker);
  env.advance(3s);
  const auto other = env.add_worker();
  env.expect_task(other, b);
  env.finish(other, env.client, b);
  env.expect_result(env.client, b, TaskResultType::success);
  env.expect_umbrella(TaskResultType::success);
}

TEST_CASE("two nodes that kill their worker too often fail their graph once", "[scheduler]") {
  auto options = SchedulerEnv::quiet();
  options.task_retries_max = 0;
  SchedulerEnv env(options);
  const auto client = env.add_client();
  const auto worker = env.add_worker({.slots = 9});
  wire::GraphTask graph{env.new_task_id(), client.identity, {}, {}};
  for (int i = 0; i < 3; ++i) graph.nodes.push_back(env.task_of(client));
  graph.nodes[2].arguments = {graph.nodes[0].id};
  env.say(client, graph);
  env.forget_mail();
  env.lose(worker);
  env.advance(3s);
  REQUIRE(env.pending(client) == 4);
  REQUIRE(env.status().clients[0].tasks == 0);
}

}  // namespace scaler::scheduler
