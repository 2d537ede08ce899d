#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/scheduler/inquiry.hpp"
#include "scheduler/clients.hpp"
#include "scheduler/objects.hpp"
#include "scheduler/task_flow.hpp"

namespace scaler::scheduler {

// Runs graphs: a node becomes an ordinary task when the results it takes are there. Every node and
// the umbrella (the id that stands for the whole graph) are answered exactly once:
//   all done       each node's result as it comes, then success for the umbrella, without ids
//   a node fails   copies of its error for every node not ended, then the umbrella, failed
//   cancel, of the umbrella or of any live node
//                  confirms for every node not started, at once; for running ones when their worker
//                  says so; then for the umbrella
//   not runnable (a cycle, an unknown or doubled node, an id in use, flags that workers refuse)
//                  failed_worker_died, without ids, for every node and the umbrella
class GraphEngine {
 public:
  GraphEngine(TaskTable& tasks, ClientTable& clients, ObjectRegistry& objects, TaskFlow& flow,
              const Monitor& monitor, Random& random, std::uint64_t hash_key);

  // The umbrella's id must be new, and the source be the client's. O(graph).
  void submit(Index client, wire::GraphTask message, Turn& turn);

  bool contains(const TaskId& id) const { return by_id_.contains(id); }
  Index owner_of(const TaskId& id) const;  // none: no such umbrella or node
  // Of an umbrella or a node; false: that node has ended already.
  bool cancel(const TaskId& id, Turn& turn);
  void cancel_graph(Index graph, Turn& turn);

  // Hears of the nodes that have ended. Due after every single operation on tasks: a failing node
  // must find the others as they were.
  void drain(Turn& turn);

  void explain(const TaskId& id, Explanation& answer) const;  // O(inputs); other ids change nothing

  std::size_t size() const { return graphs_.size(); }
  void check_invariants() const;

 private:
  enum class Phase : std::uint8_t { unstarted, active, ended };
  struct Node {
    wire::Task task;            // until it starts
    std::vector<Index> inputs;  // nodes whose results it takes, each once
    std::vector<Index> dependents;
    std::uint32_t inputs_missing = 0;
    std::uint32_t consumers_left = 0;
    bool target = false;
    bool nested = false;
    Phase phase = Phase::unstarted;
    std::optional<ObjectId> result;  // until nobody needs it
  };
  struct Graph {
    TaskId umbrella;
    Index client = none;
    std::vector<Node> nodes;
    std::vector<TaskId> ids;       // of the nodes
    std::uint32_t unfinished = 0;  // nodes not ended
    std::uint32_t active = 0;      // of them in the task table
    bool canceling = false;
  };
  struct Place {
    Index graph = none;
    Index node = none;  // none: the umbrella
  };
  using Places = std::unordered_map<TaskId, Place, KeyedHash>;

  const char* connect(Graph& graph, const wire::GraphTask& message, Places& places) const;
  static bool is_acyclic(const Graph& graph);
  void refuse(Index client, const wire::GraphTask& message, const char* why, Turn& turn);
  void accept(Graph graph, const Places& places, Turn& turn);
  void announce(const Graph& graph, Turn& turn) const;
  void on_node_end(NodeEnd end, Turn& turn);
  void start(Index graph, Index node, Turn& turn);
  void succeed(Index graph, Index node, Turn& turn);
  void fail(Index graph, const NodeEnd& end, Turn& turn);
  wire::TaskResult copy_of_failure(Index graph, const TaskId& node, const NodeEnd& end, Turn& turn);
  void release_inputs(Graph& graph, Index node, Turn& turn);
  void release_if_unneeded(Graph& graph, Index node, Turn& turn);
  void finish(Index graph, wire::Message answer, Turn& turn);

  TaskTable& tasks_;
  ClientTable& clients_;
  ObjectRegistry& objects_;
  TaskFlow& flow_;
  const Monitor& monitor_;
  Random& random_;
  std::uint64_t hash_key_;
  Pool<Graph> graphs_;
  Places by_id_;  // umbrellas and nodes of live graphs
  log::RateLimit refusals_{5, 10s};
};

}  // namespace scaler::scheduler
