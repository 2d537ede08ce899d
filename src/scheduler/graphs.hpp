#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/scheduler/inquiry.hpp"
#include "scheduler/clients.hpp"
#include "scheduler/id_index.hpp"
#include "scheduler/objects.hpp"
#include "scheduler/task_flow.hpp"

namespace scaler::scheduler {

// Runs graphs: a node becomes an ordinary task when the results it takes are there; that of a chain
// a little earlier, see follow(). Every node and
// the umbrella (the id that stands for the whole graph) are answered exactly once:
//   all done       each node's result as it comes, then success for the umbrella, without ids
//   a node fails   copies of its error for every node not ended, then the umbrella, failed
//   cancel, of the umbrella or of any live node
//                  confirms for every node not started; for running ones when their worker says so;
//                  then for the umbrella
//   not runnable (a cycle, an unknown or doubled node, an id in use, flags that workers refuse)
//                  failed_worker_died, without ids, for every node and the umbrella
// What costs more than a few operations happens in work_off(), some each turn. Whatever a peer says
// in between meets a graph in one of its stages, and finds what it would have found before or
// after.
class GraphEngine {
 public:
  GraphEngine(TaskTable& tasks, ClientTable& clients, ObjectRegistry& objects, TaskFlow& flow,
              const Monitor& monitor, Random& random, std::uint64_t hash_key);

  // The umbrella's id must be new, and the source be the client's.
  void submit(Index client, wire::GraphTask message);

  bool contains(const TaskId& id) const { return by_id_.find(id, places_) != none; }
  Index owner_of(const TaskId& id) const;  // none: no umbrella or node that still has to end
  // Of an umbrella or a node; false: that node has ended already.
  bool cancel(const TaskId& id);
  // A cancel of an unknown id, which may name a node of a graph that is still being taken in. True:
  // it is answered when that is known.
  bool cancel_when_known(Index client, const TaskId& id);
  void cancel_graph(Index graph);

  // Hears of the nodes that have ended. Due after every single operation on tasks.
  void drain(Turn& turn);
  void work_off(std::size_t& budget, Turn& turn);
  bool has_work() const { return !in_work_.empty(); }

  void explain(const TaskId& id, Explanation& answer) const;  // O(inputs); other ids change nothing

  std::size_t size() const { return graphs_.size(); }
  std::size_t holds() const;  // O(nodes); in the object registry
  void check_invariants() const;

 private:
  enum class Phase : std::uint8_t { unstarted, active, ended };
  struct Node {
    wire::Task task;            // until it starts, and
    std::vector<Index> held;    // what it names in the registry
    std::vector<Index> inputs;  // nodes whose results it takes, each once
    std::vector<Index> dependents;
    std::uint32_t inputs_missing = 0;
    std::uint32_t consumers_left = 0;
    bool target = false;
    bool nested = false;
    Phase phase = Phase::unstarted;
    std::optional<ObjectId> result;  // until no node needs it, and
    Index result_held = none;        // its place in the registry
    Index worker = none;             // that made it
    Bytes copy;  // of a small result, until its dependents were sent; if there was room for it
    std::uint32_t dependents_unsent = 0;
  };
  enum class Stage : std::uint8_t {
    registering,  // its nodes get their places, one after another
    linking,      // then their inputs
    targeting,    // then those whose results are wanted are marked
    sorting,      // is there an order in which they can run?
    announcing,   // monitors are told
    running,
    failing,    // nodes without an answer get one, ...
    canceling,  // or a confirm, ...
    refusing,   // or are refused
    closing     // all answered: the ids are forgotten
  };
  // Nodes to be dealt with, in order.
  struct Backlog {
    std::vector<Index> nodes;
    std::size_t next = 0;
    bool empty() const { return next == nodes.size(); }
    Index take();
  };
  // What is needed until the graph runs.
  struct Arrival {
    std::vector<wire::Task> tasks;
    Bytes source;
    std::vector<TaskId> targets;
    std::vector<std::uint32_t> inputs_missing;  // while sorting
    std::vector<Index> sorted;
    std::size_t roots = 0;  // of them: the first ones, which take nothing
    bool canceled = false;
  };
  struct Graph {
    TaskId umbrella;
    Index client = none;
    Stage stage = Stage::registering;
    bool in_work = false;
    std::size_t cursor = 0;  // how far the stage has come
    std::vector<Node> nodes;
    std::vector<TaskId> ids;             // of the nodes
    std::uint32_t unfinished = 0;        // nodes not ended
    std::uint32_t active = 0;            // of them in the task table
    std::uint32_t result_bytes_max = 0;  // of the copies that the client wants
    std::uint64_t copies_cost = 0;       // of its nodes, taken from the budget
    Backlog to_start;
    Backlog to_release;        // ended, their inputs not yet let go of
    std::size_t released = 0;  // inputs of the first of them
    std::unique_ptr<Arrival> arrival;
    std::unique_ptr<NodeEnd> failure;  // its error is a copy of our own
  };
  struct Place {
    TaskId id;
    Index graph = none;
    Index node = none;  // none: the umbrella
  };
  struct EarlyCancel {
    Index client;
    Index serial;
    TaskId id;
  };

  const Place* find(const TaskId& id) const;
  void enter(const TaskId& id, Index graph, Index node);
  void leave(const TaskId& id, Index graph);
  void put_to_work(Index graph);
  static void advance(Graph& graph, Stage to);
  bool step(Index graph, std::size_t& budget, Turn& turn);  // false: nothing to do, or forgotten

  // graph_arrival.cpp
  void arrive(Index graph, std::size_t& budget, Turn& turn);
  const char* register_node(Index graph, Index node);
  const char* link(Graph& graph, Index node) const;
  const char* mark_target(Graph& graph, const TaskId& target) const;
  void sort_one(Graph& graph, std::size_t& budget) const;
  void announce(const Graph& graph, Index node, Turn& turn) const;
  void begin(Graph& graph) const;
  void refuse(Graph& graph, const char* why, Turn& turn);
  void refuse_one(Index graph, Index node, Turn& turn);
  void registered(Graph& graph);
  void settle_early_cancels(Turn& turn);

  // graph_ahead.cpp
  void follow(Index graph, Index node, Turn& turn);
  void follow_last(Index graph, Index node, Turn& turn);
  void take_back(Index graph, Index node, const OwnMessage& own, Turn& turn);

  void on_node_end(NodeEnd end, Turn& turn);
  void start(Index graph, Index node, Index lead, Turn& turn);
  void name_inputs(const Graph& graph, OwnMessage& message) const;
  void keep_copy(Graph& graph, Node& node, wire::TaskResult& said);
  void drop_copy(Graph& graph, Node& node);
  void succeed(Index graph, Index node, Turn& turn);
  void fail(Graph& graph, NodeEnd end, Turn& turn);
  bool run_one(Index graph, Turn& turn);
  bool answer_one(Index graph, Turn& turn);
  void fail_one(Index graph, Index node, Turn& turn);
  void cancel_one(Index graph, Index node, Turn& turn);
  wire::TaskResult copy_of_failure(const Graph& graph, Index node, Turn& turn);
  ObjectId new_copy(const Graph& graph, const ObjectId& of, Turn& turn);
  ObjectId new_object(const Graph& graph);
  bool release_one(Graph& graph);
  void release_if_unneeded(Graph& graph, Index node);
  void hold_named(Node& node);
  void let_go(Node& node);
  wire::Message last_answer(const Graph& graph) const;
  void finish(Index graph, Turn& turn);
  void close_one(Index graph);
  void check_graph(Index graph) const;

  TaskTable& tasks_;
  ClientTable& clients_;
  ObjectRegistry& objects_;
  TaskFlow& flow_;
  const Monitor& monitor_;
  Random& random_;
  Pool<Graph> graphs_;
  Pool<Place> places_;  // umbrellas and nodes of live graphs
  IdIndex by_id_;
  std::deque<Index> in_work_;
  std::size_t registering_ = 0;  // graphs in that stage
  std::vector<EarlyCancel> early_cancels_;
  log::RateLimit refusals_{5, 10s};
};

}  // namespace scaler::scheduler
