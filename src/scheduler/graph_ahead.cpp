#include "scheduler/graphs.hpp"

// Nodes that are sent to a worker before what they take is there.
namespace scaler::scheduler {

// The worker of an active node gets the only one that takes its result at once, so that the way to
// us and back is not between the two. Ever more of a chain, as far as there is room.
void GraphEngine::follow(Index index, Index at, Turn& turn) {
  const Graph& graph = graphs_[index];
  const Node& lead = graph.nodes[at];
  if (graph.stage != Stage::running || lead.phase != Phase::active || lead.dependents.size() != 1)
    return;
  const Index next = lead.dependents.front();
  const Node& node = graph.nodes[next];
  if (node.phase != Phase::unstarted || node.inputs_missing != 1) return;
  const Index task = tasks_.find(graph.ids[at]);
  if (task == none || tasks_[task].graph != index) return;
  const OwnMessage* said = own_message_of(tasks_[task]);
  if (said->said.carried.result_id && flow_.follow_room(task, node.task.capabilities))
    start(index, next, task, turn);
}

// Of the nodes that were sent ahead of this one's end, the last may have room behind it now.
void GraphEngine::follow_last(Index index, Index at, Turn& turn) {
  const Graph& graph = graphs_[index];
  Index last = none;
  for (Index next = at; graph.nodes[next].dependents.size() == 1;) {
    next = graph.nodes[next].dependents.front();
    if (graph.nodes[next].phase != Phase::active) break;
    last = next;
  }
  if (last != none) follow(index, last, turn);
}

// It is where it was before it was sent.
void GraphEngine::take_back(Index index, Index at, const OwnMessage& own, Turn& turn) {
  Graph& graph = graphs_[index];
  Node& node = graph.nodes[at];
  node.phase = Phase::unstarted;
  --graph.active;
  node.task = own.said;
  node.task.carried = {};
  for (auto& argument : node.task.arguments)
    if (argument == wire::Argument(own.awaited->object)) argument = own.awaited->node;
  hold_named(node);
  for (const Index input : node.inputs) ++graph.nodes[input].dependents_unsent;
  put_to_work(index);
  // The passes of a graph that ends may be past it.
  if (graph.stage == Stage::failing) return fail_one(index, at, turn);
  if (graph.stage == Stage::canceling) return cancel_one(index, at, turn);
  if (node.inputs_missing == 0) graph.to_start.nodes.push_back(at);
}

}  // namespace scaler::scheduler
