#include <catch2/catch.hpp>

#include "scaler/scheduler/inquiry.hpp"
#include "scheduler/env.hpp"

namespace scaler::scheduler {

using wire::CancelConfirmType;
using wire::TaskResultType;

namespace {

Options by_capability() {
  Options options = SchedulerEnv::quiet();
  options.allocation = Allocation::capability;
  return options;
}

std::vector<TaskId> ids_of(const TaskList& list) {
  std::vector<TaskId> ids;
  for (const TaskLine& line : list.tasks) ids.push_back(line.id);
  return ids;
}

}  // namespace

// ---- why ----

TEST_CASE("a task that never came or has ended is unknown", "[scheduler]") {
  SchedulerEnv env;
  REQUIRE(env.core.explain(env.new_task_id()).standing == Standing::unknown);
  const auto client = env.add_client();
  const auto worker = env.add_worker();
  const TaskId task = env.submit(client);
  env.finish(worker, client, task);
  REQUIRE(env.core.explain(task).standing == Standing::unknown);
}

TEST_CASE("a task without any worker waits for one to connect", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client("Client|me");
  const auto why = env.core.explain(env.submit(client));
  REQUIRE(why.standing == Standing::waiting);
  REQUIRE(why.cause == Cause::no_workers);
  REQUIRE(why.client.text() == "Client|me");
  REQUIRE(why.ahead == 0);
}

TEST_CASE("a capability that nobody offers is named", "[scheduler]") {
  SchedulerEnv env(by_capability());
  const auto client = env.add_client();
  env.add_worker({.capabilities = {"linux"}});
  const auto why = env.core.explain(env.submit(client, {.capabilities = {"gpu", "linux"}}));
  REQUIRE(why.cause == Cause::nobody_offers);
  REQUIRE(why.missing == std::vector<std::string>{"gpu"});
  REQUIRE(why.workers_present == 1);
  REQUIRE(why.workers_suitable == 0);
}

TEST_CASE("capabilities that no single worker has together are told apart", "[scheduler]") {
  SchedulerEnv env(by_capability());
  const auto client = env.add_client();
  env.add_worker({.capabilities = {"linux"}});
  env.add_worker({.capabilities = {"gpu"}});
  const auto why = env.core.explain(env.submit(client, {.capabilities = {"gpu", "linux"}}));
  REQUIRE(why.cause == Cause::nobody_offers_all);
  REQUIRE(why.missing.empty());
}

TEST_CASE("capabilities do not count where allocation ignores them", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  env.add_worker();
  env.submit(client);
  const auto why = env.core.explain(env.submit(client, {.capabilities = {"gpu"}}));
  REQUIRE(why.cause == Cause::all_full);
}

TEST_CASE("full queues are counted, of the workers that can run the task only", "[scheduler]") {
  SchedulerEnv env(by_capability());
  const auto client = env.add_client();
  env.add_worker({.slots = 5});
  env.add_worker({.capabilities = {"gpu"}});
  env.submit(client, {.capabilities = {"gpu"}});
  const auto why = env.core.explain(env.submit(client, {.capabilities = {"gpu"}}));
  REQUIRE(why.cause == Cause::all_full);
  REQUIRE(why.workers_suitable == 1);
  REQUIRE(why.workers_full == 1);
}

TEST_CASE("workers that take no tasks, are away or drained are not counted on", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  env.add_worker({.slots = 0});
  const auto away = env.add_worker();
  const auto drained = env.add_worker({.identity = "Worker|drained"});
  env.submit(client);
  env.submit(client);
  env.lose(away);
  env.core.drain("Worker|drained", env.now, env.out);
  env.settle();
  const auto why = env.core.explain(env.submit(client));
  REQUIRE(why.cause == Cause::nobody_takes_tasks);
  REQUIRE(why.workers_present == 3);
  env.forget_mail();
}

TEST_CASE("tasks before a waiting one are counted, and whose most of them are", "[scheduler]") {
  SchedulerEnv env;
  const auto mine = env.add_client("Client|mine");
  const auto other = env.add_client("Client|other");
  for (int i = 0; i < 2; ++i) env.submit(mine);
  for (int i = 0; i < 3; ++i) env.submit(other);
  const TaskId task = env.submit(mine);
  env.submit(other, {.priority = 1});  // nested: goes first although it came last
  env.submit(other);                   // behind it
  const auto why = env.core.explain(task);
  REQUIRE(why.ahead == 6);
  REQUIRE(why.ahead_client.text() == "Client|other");
  REQUIRE(why.ahead_of_client == 4);
  REQUIRE(why.ahead_is_exact);
}

TEST_CASE("a running task names its worker and what was given to it earlier", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto worker = env.add_worker({.slots = 3, .identity = "Worker|w"});
  env.submit(client);
  env.submit(client);
  const TaskId task = env.submit(client);
  auto why = env.core.explain(task);
  REQUIRE(why.standing == Standing::running);
  REQUIRE(why.worker.text() == "Worker|w");
  REQUIRE(why.before_it == 2);
  REQUIRE_FALSE(why.has_started);
  env.cancel(client, task);
  REQUIRE(env.core.explain(task).standing == Standing::canceling);
  env.lose(worker);
  REQUIRE(env.core.explain(task).worker_is_away);
  env.forget_mail();
}

TEST_CASE("a node of a graph names the inputs that are not there", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto worker = env.add_worker({.slots = 9});
  wire::GraphTask graph{env.new_task_id(), client.identity, {}, {}};
  graph.nodes = {env.task_of(client), env.task_of(client)};
  const TaskId a = graph.nodes[0].id;
  const TaskId b = graph.nodes[1].id;
  graph.nodes.push_back(env.task_of(client, {.capabilities = {"gpu"}, .arguments = {a, b}}));
  const TaskId sum = graph.nodes[2].id;
  graph.targets = {sum};
  env.say(client, graph);

  auto why = env.core.explain(sum);
  REQUIRE(why.standing == Standing::waits_for_inputs);
  REQUIRE(why.inputs == std::vector{a, b});
  REQUIRE(why.inputs_missing == 2);
  REQUIRE(why.graph == graph.id);
  REQUIRE(why.client == client.identity);
  REQUIRE(why.asks_for.size() == 1);
  env.finish(worker, client, a);
  why = env.core.explain(sum);
  REQUIRE(why.inputs == std::vector{b});
  REQUIRE(why.inputs_missing == 1);
  REQUIRE(env.core.explain(b).standing == Standing::running);

  const auto whole = env.core.explain(graph.id);
  REQUIRE(whole.standing == Standing::graph);
  REQUIRE(whole.nodes == 3);
  REQUIRE(whole.nodes_unfinished == 2);
  REQUIRE(whole.nodes_active == 1);
  env.forget_mail();
}

// ---- lists ----

TEST_CASE("tasks are listed by state, client and worker, up to a limit", "[scheduler]") {
  SchedulerEnv env;
  const auto first = env.add_client("Client|first");
  const auto second = env.add_client("Client|second");
  env.add_worker({.slots = 1, .identity = "Worker|one"});
  const TaskId running = env.submit(first);
  const TaskId waiting = env.submit(first);
  const TaskId others = env.submit(second);
  const auto list = [&](const char* state, const char* on_client, const char* on_worker) {
    return ids_of(env.core.list_tasks({state, on_client, on_worker, 100}));
  };
  REQUIRE(list("", "", "") == std::vector{running, waiting, others});
  REQUIRE(list("waiting", "", "") == std::vector{waiting, others});
  REQUIRE(list("", "second", "") == std::vector{others});
  REQUIRE(list("", "", "one") == std::vector{running});
  REQUIRE(list("canceling", "", "").empty());
  const TaskList cut = env.core.list_tasks({"", "", "", 2});
  REQUIRE(cut.tasks.size() == 2);
  REQUIRE_FALSE(cut.complete);
  REQUIRE(cut.unfinished == 3);
  REQUIRE(env.core.list_tasks({"", "", "", 3}).complete);
  env.forget_mail();
}

// ---- drain ----

TEST_CASE("a drained worker keeps what it runs, gives back the rest and goes when idle",
          "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto old = env.add_worker({.slots = 2, .identity = "Worker|old"});
  const TaskId running = env.submit(client);
  const TaskId queued = env.submit(client);
  env.expect_task(old, running);
  env.expect_task(old, queued);
  const auto fresh = env.add_worker({.slots = 5, .identity = "Worker|fresh"});

  const auto answer = env.core.drain("old", env.now, env.out);
  env.settle();
  REQUIRE(answer.result == DrainResult::begun);
  REQUIRE(answer.worker.text() == "Worker|old");
  REQUIRE(answer.asked_back == 2);
  REQUIRE(env.core.draining() == std::vector{old.identity});
  env.expect_cancel(old, running, false);
  env.expect_cancel(old, queued, false);
  env.confirm(old, running, CancelConfirmType::cancel_failed);  // it runs already
  env.confirm(old, queued, CancelConfirmType::canceled);
  env.expect_task(fresh, queued);
  env.expect_task(fresh, env.submit(client));  // nothing new for the old one
  REQUIRE(env.core.explain(running).worker_drains);
  REQUIRE(env.core.drain("old", env.now, env.out).result == DrainResult::already);

  env.finish(old, client, running);
  env.expect_result(client, running, TaskResultType::success);
  REQUIRE(env.take<wire::ClientDisconnect>(old).type == wire::DisconnectType::shutdown);
  REQUIRE(env.core.draining().empty());
  REQUIRE(env.status().workers.size() == 1);
  env.expect_silence();
}

TEST_CASE("an idle worker that is drained goes at once", "[scheduler]") {
  SchedulerEnv env;
  const auto worker = env.add_worker();
  REQUIRE(env.core.drain(worker.identity.text(), env.now, env.out).result == DrainResult::idle);
  env.settle();
  REQUIRE(env.take<wire::ClientDisconnect>(worker).type == wire::DisconnectType::shutdown);
  REQUIRE(env.status().workers.empty());
}

TEST_CASE("a drained worker stays drained when its connection comes back", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto worker = env.add_worker({.slots = 2});
  const TaskId task = env.submit(client);
  env.core.drain(worker.identity.text(), env.now, env.out);
  env.settle();
  env.confirm(worker, task, CancelConfirmType::cancel_failed);
  env.forget_mail();
  env.lose(worker);
  const auto back = env.reconnect(worker);
  env.expect_cancel(back, task, false);
  env.confirm(back, task, CancelConfirmType::cancel_failed);
  const TaskId later = env.submit(client);
  REQUIRE(env.core.explain(later).cause == Cause::nobody_takes_tasks);
  env.expect_silence();
}

TEST_CASE("a drained worker that is lost is forgotten like any other", "[scheduler]") {
  SchedulerEnv env;
  const auto client = env.add_client();
  const auto worker = env.add_worker();
  const TaskId task = env.submit(client);
  env.core.drain(worker.identity.text(), env.now, env.out);
  env.settle();
  env.lose(worker);
  env.advance(4s);
  REQUIRE(env.core.draining().empty());
  REQUIRE(env.core.explain(task).cause == Cause::no_workers);
  const auto again = env.add_worker({.identity = std::string(worker.identity.text())});
  env.expect_task(again, task);  // as a new worker, it may work
  env.forget_mail();
}

TEST_CASE("a text that names no worker, or several, drains none", "[scheduler]") {
  SchedulerEnv env;
  env.add_worker({.identity = "Worker|ab"});
  env.add_worker({.identity = "Worker|abc"});
  const auto result = [&](std::string_view text) {
    return env.core.drain(text, env.now, env.out).result;
  };
  REQUIRE(result("xyz") == DrainResult::no_such_worker);
  REQUIRE(result("") == DrainResult::no_such_worker);
  const auto several = env.core.drain("ab", env.now, env.out);
  REQUIRE(several.result == DrainResult::several);
  REQUIRE(several.candidates.size() == 2);
  REQUIRE(env.core.draining().empty());
  REQUIRE(result("Worker|ab") == DrainResult::idle);  // the whole id is never ambiguous
}

}  // namespace scaler::scheduler
