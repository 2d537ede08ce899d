#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <utility>
#include <vector>

#include "scheduler/env.hpp"

namespace scaler::scheduler {

// A client and a worker with room; nodes are named by letters.
struct GraphEnv : SchedulerEnv {
  explicit GraphEnv(Options options = quiet()) : SchedulerEnv(std::move(options)) {
    client = add_client();
    worker = add_worker({.slots = 100});
    graph.id = new_task_id();
    graph.source = client.identity;
  }

  TaskId node(const std::vector<TaskId>& inputs = {}) {
    TestTask task;
    for (const auto& input : inputs) task.arguments.push_back(input);
    graph.nodes.push_back(task_of(client, std::move(task)));
    return graph.nodes.back().id;
  }
  void send(std::vector<TaskId> targets) {
    graph.targets = std::move(targets);
    say(client, graph);
  }
  // Each takes the one before.
  std::vector<TaskId> chain(std::size_t length) {
    std::vector<TaskId> ids;
    while (ids.size() < length) ids.push_back(ids.empty() ? node() : node({ids.back()}));
    return ids;
  }
  // As a worker of ours: under the id that the task says.
  ObjectId finish_as_told(const TestPeer& by, const wire::Task& sent) {
    const ObjectId id = sent.carried.result_id ? *sent.carried.result_id : new_object_id();
    say(by, wire::ObjectInstruction{wire::ObjectInstructionType::create,
                                    client.identity,
                                    {id},
                                    {wire::ObjectContentType::object},
                                    {Bytes{}}});
    say(by, wire::TaskResult{sent.id, wire::TaskResultType::success, {}, {id}});
    expect_result(client, sent.id, wire::TaskResultType::success);
    return id;
  }
  ObjectId run(const TaskId& id) {
    expect_task(worker, id);
    const auto object = finish(worker, client, id);
    expect_result(client, id, wire::TaskResultType::success);
    return object;
  }
  void expect_umbrella(wire::TaskResultType type) {
    const auto result = take<wire::TaskResult>(client);
    REQUIRE(result.id == graph.id);
    REQUIRE(result.type == type);
    REQUIRE(result.results.empty());
    expect_silence();
    REQUIRE(status().clients[0].tasks == 0);
  }
  // Every answer that is waiting, by task.
  std::map<TaskId, wire::TaskResult> take_results() {
    std::map<TaskId, wire::TaskResult> results;
    while (pending(client) > 0) {
      auto result = take<wire::TaskResult>(client);
      const TaskId id = result.id;
      REQUIRE(results.emplace(id, std::move(result)).second);
    }
    return results;
  }

  TestPeer client;
  TestPeer worker;
  wire::GraphTask graph;
};

}  // namespace scaler::scheduler
