#include "scheduler/graphs.hpp"

// What a graph can tell of one of its nodes, for those who ask why it waits.
namespace scaler::scheduler {

namespace {
constexpr std::size_t inputs_named_max = 10;
}

void GraphEngine::explain(const TaskId& id, Explanation& answer) const {
  const Place* place = find(id);
  if (place == nullptr || graphs_[place->graph].stage == Stage::closing) return;
  const Graph& graph = graphs_[place->graph];
  answer.graph = graph.umbrella;
  answer.nodes = static_cast<std::uint32_t>(graph.nodes.size());
  answer.nodes_unfinished = graph.unfinished;
  answer.nodes_active = graph.active;
  if (place->node == none) {
    answer.standing = Standing::graph;
    return;
  }
  const Node& node = graph.nodes[place->node];
  if (node.phase != Phase::unstarted) return;
  answer.standing = Standing::waits_for_inputs;
  answer.asks_for = node.task.capabilities;
  answer.function = objects_.name_of(node.task.function);
  answer.inputs_missing = node.inputs_missing;
  for (const Index input : node.inputs)
    if (graph.nodes[input].phase != Phase::ended && answer.inputs.size() < inputs_named_max)
      answer.inputs.push_back(graph.ids[input]);
}

}  // namespace scaler::scheduler
