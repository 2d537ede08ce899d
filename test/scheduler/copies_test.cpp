#include <catch2/catch.hpp>

#include "scheduler/graph_env.hpp"

// Copies of small objects that travel with tasks and results, between peers of ours.
namespace scaler::scheduler {

using wire::TaskResultType;

namespace {

// A client of graphs that uses copies.
struct CopiesEnv : GraphEnv {
  explicit CopiesEnv(Options options = quiet()) : GraphEnv(std::move(options)) {
    graph.carried.result_bytes_max = wire::copy_bytes_max;
  }

  // The result, carried, and what the client hears of it.
  wire::TaskResult finish_with(const TestPeer& by, const TaskId& task, const std::string& value) {
    wire::TaskResult result{task, TaskResultType::success, {}, {new_object_id()}};
    result.carried.copies = {Bytes::copy_of(value)};
    say(by, result);
    return take<wire::TaskResult>(client);
  }
  wire::Task with_argument(const std::string& value) {
    auto task = task_of(client, {.arguments = {new_object_id()}});
    task.carried = {wire::copy_bytes_max, {Bytes{}, Bytes::copy_of(value)}};
    return task;
  }
};

Options with_room_for(std::uint64_t bytes) {
  Options options = SchedulerEnv::quiet();
  options.copies_bytes_max = bytes;
  return options;
}

}  // namespace

TEST_CASE("a client that uses copies is told that they are welcome, another is not",
          "[scheduler]") {
  SchedulerEnv env;
  const TestPeer client = env.connect("Client|1");
  wire::ClientHeartbeat heartbeat;
  env.say(client, heartbeat);
  REQUIRE(env.take<wire::ClientHeartbeatEcho>(client).carried.empty());
  heartbeat.carried.result_bytes_max = 1;
  env.say(client, heartbeat);
  REQUIRE(env.take<wire::ClientHeartbeatEcho>(client).carried.result_bytes_max ==
          wire::copy_bytes_max);
}

TEST_CASE("a task and its result keep what they carry", "[scheduler]") {
  CopiesEnv env;
  const auto task = env.with_argument("seven");
  env.say(env.client, task);
  REQUIRE(env.take<wire::Task>(env.worker) == task);
  REQUIRE(env.finish_with(env.worker, task.id, "fourteen").carried.copies.at(0).text() ==
          "fourteen");
  env.expect_silence();
}

TEST_CASE("a node is given copies of its inputs, and asked for one of its result", "[scheduler]") {
  CopiesEnv env;
  const auto a = env.node();
  const auto b = env.node({a});
  env.send({b});
  const auto sent_a = env.take<wire::Task>(env.worker);
  REQUIRE(sent_a.carried.result_bytes_max == wire::copy_bytes_max);
  REQUIRE(sent_a.carried.copies.empty());
  // Nobody but the next node wants this one.
  const auto of_a = env.finish_with(env.worker, a, "five");
  REQUIRE(of_a.carried.empty());
  const auto sent_b = env.take<wire::Task>(env.worker);
  REQUIRE(sent_b.arguments == std::vector<wire::Argument>{of_a.results[0]});
  REQUIRE(sent_b.carried.copies == std::vector<Bytes>{Bytes{}, Bytes::copy_of("five")});
  REQUIRE(env.finish_with(env.worker, b, "six").carried.copies.at(0).text() == "six");
  REQUIRE(env.take<wire::TaskResult>(env.client).id == env.graph.id);
  env.expect_silence();
}

TEST_CASE("copies come in the places of their arguments, and where there is none, none",
          "[scheduler]") {
  CopiesEnv env;
  const auto a = env.node();
  const auto b = env.node();
  const auto c = env.node({a, b, a});
  env.send({c});
  env.forget_mail();
  const auto of_b = env.finish(env.worker, env.client, b);
  env.forget_mail();
  const auto of_a = env.finish_with(env.worker, a, "A").results[0];
  const auto sent = env.take<wire::Task>(env.worker);
  REQUIRE(sent.arguments == std::vector<wire::Argument>{of_a, of_b, of_a});
  REQUIRE(sent.carried.copies ==
          std::vector<Bytes>{Bytes{}, Bytes::copy_of("A"), Bytes{}, Bytes::copy_of("A")});
}

TEST_CASE("the owner of a graph who uses no copies gets none, and targets none are asked for",
          "[scheduler]") {
  CopiesEnv env;
  env.graph.carried = {};
  const auto a = env.node();
  const auto b = env.node({a});
  env.send({b});
  REQUIRE(env.take<wire::Task>(env.worker).carried.result_bytes_max == wire::copy_bytes_max);
  REQUIRE(env.finish_with(env.worker, a, "five").carried.empty());
  const auto sent_b = env.take<wire::Task>(env.worker);
  REQUIRE(sent_b.carried.result_bytes_max == 0);
  REQUIRE(sent_b.carried.copies.size() == 2);
  REQUIRE(env.finish_with(env.worker, b, "unasked").carried.empty());
}

TEST_CASE("a node that runs again still has its copies", "[scheduler]") {
  CopiesEnv env;
  const auto a = env.node();
  const auto b = env.node({a});
  env.send({b});
  env.forget_mail();
  env.finish_with(env.worker, a, "five");
  env.lose(env.worker);
  env.advance(10s);
  const TestPeer other = env.add_worker();
  const auto sent = env.take<wire::Task>(other);
  REQUIRE(sent.id == b);
  REQUIRE(sent.carried.copies.at(1).text() == "five");
}

TEST_CASE("when too many bytes are carried by waiting tasks, others go without", "[scheduler]") {
  CopiesEnv env(with_room_for(1500));
  env.lose(env.worker);
  env.advance(10s);
  const auto first = env.with_argument(std::string(1000, 'x'));
  const auto second = env.with_argument(std::string(1000, 'y'));
  const auto small = env.with_argument("z");
  for (const auto& task : {first, second, small}) env.say(env.client, task);
  const TestPeer other = env.add_worker({.slots = 10});
  REQUIRE(env.take<wire::Task>(other) == first);
  auto without = second;
  without.carried.copies.clear();
  REQUIRE(env.take<wire::Task>(other) == without);
  REQUIRE(env.take<wire::Task>(other) == small);
  env.finish_with(other, first.id, "done");  // there is room again
  const auto third = env.with_argument(std::string(1000, 'y'));
  env.say(env.client, third);
  REQUIRE(env.take<wire::Task>(other) == third);
}

TEST_CASE("a result for which there is no room is left to the storage", "[scheduler]") {
  CopiesEnv env(with_room_for(100));
  const auto a = env.node();
  const auto b = env.node({a});
  env.send({b});
  env.forget_mail();
  env.finish_with(env.worker, a, std::string(200, 'x'));
  REQUIRE(env.take<wire::Task>(env.worker).carried.copies.empty());
}

TEST_CASE("a graph that ends early leaves no copies behind", "[scheduler]") {
  CopiesEnv env(with_room_for(4000));  // one copy and its frame
  const auto end_early = [&](bool by_cancel) {
    env.graph.id = env.new_task_id();
    env.graph.nodes.clear();
    const auto a = env.node();
    const auto b = env.node();
    env.node({a, b});
    env.send({});
    env.forget_mail();
    env.finish_with(env.worker, a, std::string(2000, 'x'));
    if (by_cancel)
      env.cancel(env.client, env.graph.id);
    else
      env.say(env.worker, wire::TaskResult{b, TaskResultType::failed, {}, {env.new_object_id()}});
    if (by_cancel) env.confirm(env.worker, b, wire::CancelConfirmType::canceled);
    env.forget_mail();
  };
  end_early(true);
  end_early(false);
  end_early(true);  // the invariants hold that nothing is left each time
}

TEST_CASE("among workers that are as free, a node goes to the one that made its input",
          "[scheduler]") {
  CopiesEnv env;
  env.add_worker({.slots = 100});
  const TestPeer third = env.add_worker({.slots = 100});
  std::vector<TaskId> chain{env.node()};
  for (int i = 0; i < 20; ++i) chain.push_back(env.node({chain.back()}));
  env.send({chain.back()});
  TestPeer last = env.take_worker_given(chain[0]).value();
  for (std::size_t i = 1; i < chain.size(); ++i) {
    env.finish_with(last, chain[i - 1], "v");
    const TestPeer next = env.take_worker_given(chain[i]).value();
    REQUIRE(next.id == last.id);
  }
}

TEST_CASE("a node does not wait for the one that made its input while another is free",
          "[scheduler]") {
  CopiesEnv env;
  const auto a = env.node();
  const auto b = env.node({a});
  const auto c = env.node({a});
  env.send({b, c});
  const TestPeer maker = env.take_worker_given(a).value();
  const TestPeer idle = env.add_worker({.slots = 100});
  env.finish_with(maker, a, "v");
  REQUIRE(env.take_worker_given(b)->id == maker.id);
  REQUIRE(env.take_worker_given(c)->id == idle.id);
}

TEST_CASE("a node whose maker has gone goes to somebody else", "[scheduler]") {
  CopiesEnv env;
  const TestPeer other = env.add_worker({.slots = 100});
  const auto a = env.node();
  const auto b = env.node();
  const auto c = env.node({a, b});
  env.send({c});
  const TestPeer of_a = env.take_worker_given(a).value();
  const TestPeer of_b = env.take_worker_given(b).value();
  REQUIRE(of_a.id != of_b.id);
  env.finish_with(of_a, a, "v");
  env.say(of_a, wire::DisconnectRequest{of_a.identity});
  env.forget_mail();
  env.finish_with(of_b, b, "w");
  REQUIRE(env.take_worker_given(c)->id == of_b.id);
}

}  // namespace scaler::scheduler
