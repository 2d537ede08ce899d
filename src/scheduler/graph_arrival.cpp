#include <algorithm>

#include "scheduler/graphs.hpp"
#include "scheduler/say.hpp"
#include "scheduler/task_flags.hpp"

// How a graph is taken in: node by node, some each turn, until it runs or is refused.
namespace scaler::scheduler {

namespace {
constexpr std::size_t early_cancels_max = 10'000;
}

void GraphEngine::submit(Index client, wire::GraphTask message) {
  Graph graph;
  graph.umbrella = message.id;
  graph.client = client;
  graph.result_bytes_max = message.carried.result_bytes_max;
  graph.nodes.reserve(message.nodes.size());
  graph.ids.reserve(message.nodes.size());
  graph.arrival = std::make_unique<Arrival>();
  graph.arrival->tasks = std::move(message.nodes);
  graph.arrival->source = std::move(message.source);
  graph.arrival->targets = std::move(message.targets);
  const Index index = graphs_.insert(std::move(graph));
  enter(message.id, index, none);
  clients_[client].graphs.insert(index);
  ++registering_;
  put_to_work(index);
}

// One step of the stage it is in, or on to the next stage.
void GraphEngine::arrive(Index index, std::size_t& budget, Turn& turn) {
  Graph& graph = graphs_[index];
  Arrival& arrival = *graph.arrival;
  const std::size_t at = graph.cursor++;
  const char* fault = nullptr;
  switch (graph.stage) {
    case Stage::registering:
      if (at == arrival.tasks.size()) return registered(graph);
      fault = register_node(index, static_cast<Index>(at));
      break;
    case Stage::linking:
      if (at == graph.nodes.size()) return advance(graph, Stage::targeting);
      fault = link(graph, static_cast<Index>(at));
      budget -= std::min(budget, graph.nodes[at].inputs.size());
      break;
    case Stage::targeting:
      if (at == arrival.targets.size()) return advance(graph, Stage::sorting);
      fault = mark_target(graph, arrival.targets[at]);
      break;
    case Stage::sorting:
      if (at < arrival.sorted.size()) return sort_one(graph, budget);
      if (at < graph.nodes.size())
        fault = "it has a cycle";
      else if (!flow_.has_room())
        fault = "too many tasks wait";
      else
        return advance(graph, Stage::announcing);
      break;
    default:
      if (!monitor_.on() || at == graph.nodes.size()) return begin(graph);
      return announce(graph, static_cast<Index>(at), turn);
  }
  if (fault != nullptr) refuse(graph, fault, turn);
}

const char* GraphEngine::register_node(Index index, Index at) {
  Graph& graph = graphs_[index];
  wire::Task& task = graph.arrival->tasks[at];
  const auto flags = task_flags_of(task.metadata);
  Node& node = graph.nodes.emplace_back();
  graph.ids.push_back(task.id);
  ++graph.unfinished;
  if (contains(task.id) || tasks_.find(task.id) != none) return "a node's id is in use";
  enter(task.id, index, at);
  if (task.source != graph.arrival->source) return "a node has another source";
  if (!flags) return "a node has flags that no worker takes";
  node.nested = flags->nested;
  node.task = std::move(task);
  hold_named(node);
  return nullptr;
}

void GraphEngine::registered(Graph& graph) {
  --registering_;
  advance(graph, Stage::linking);
}

const char* GraphEngine::link(Graph& graph, Index at) const {
  Arrival& arrival = *graph.arrival;
  Node& node = graph.nodes[at];
  const Index own = find(graph.umbrella)->graph;
  for (const auto& argument : node.task.arguments) {
    const TaskId* id = std::get_if<TaskId>(&argument);
    if (id == nullptr) continue;
    const Place* place = find(*id);
    if (place == nullptr || place->graph != own || place->node == none)
      return "an argument names an unknown node";
    node.inputs.push_back(place->node);
  }
  std::sort(node.inputs.begin(), node.inputs.end());
  node.inputs.erase(std::unique(node.inputs.begin(), node.inputs.end()), node.inputs.end());
  node.inputs_missing = static_cast<std::uint32_t>(node.inputs.size());
  for (const Index input : node.inputs) {
    graph.nodes[input].dependents.push_back(at);
    ++graph.nodes[input].consumers_left;
    ++graph.nodes[input].dependents_unsent;
  }
  arrival.inputs_missing.push_back(node.inputs_missing);
  if (node.inputs_missing == 0) {
    arrival.sorted.push_back(at);
    ++arrival.roots;
  }
  return nullptr;
}

const char* GraphEngine::mark_target(Graph& graph, const TaskId& target) const {
  const Place* place = find(target);
  if (place == nullptr || place->node == none || graph.ids.size() <= place->node ||
      graph.ids[place->node] != target)
    return "a target is no node";
  graph.nodes[place->node].target = true;
  return nullptr;
}

void GraphEngine::sort_one(Graph& graph, std::size_t& budget) const {
  Arrival& arrival = *graph.arrival;
  const auto& dependents = graph.nodes[arrival.sorted[graph.cursor - 1]].dependents;
  budget -= std::min(budget, dependents.size());
  for (const Index dependent : dependents)
    if (--arrival.inputs_missing[dependent] == 0) arrival.sorted.push_back(dependent);
}

void GraphEngine::announce(const Graph& graph, Index at, Turn& turn) const {
  const Node& node = graph.nodes[at];
  wire::StateGraphTask event{graph.umbrella, graph.ids[at], wire::NodeTaskType::normal, {}};
  if (node.target) event.type = wire::NodeTaskType::target;
  for (const Index input : node.inputs) event.parents.push_back(graph.ids[input]);
  monitor_.node(std::move(event), turn);
}

void GraphEngine::begin(Graph& graph) const {
  auto arrival = std::move(graph.arrival);
  graph.cursor = 0;
  graph.stage = arrival->canceled ? Stage::canceling : Stage::running;
  arrival->sorted.resize(arrival->roots);
  graph.to_start.nodes = std::move(arrival->sorted);
}

// ---- what cannot run ----

void GraphEngine::refuse(Graph& graph, const char* why, Turn& turn) {
  if (auto more = refusals_.allow(turn.now))
    log::warning("graph {} of {} is refused: {} ({} more)", graph.umbrella.hex(),
                 client_name(clients_[graph.client].identity), why, *more);
  if (graph.stage == Stage::registering) --registering_;
  advance(graph, Stage::refusing);
}

// An id that lives elsewhere gets its own answer there, and one that comes twice gets one.
void GraphEngine::refuse_one(Index index, Index at, Turn& turn) {
  Graph& graph = graphs_[index];
  const bool is_new = at == graph.nodes.size();
  if (is_new) {
    graph.nodes.emplace_back();
    graph.ids.push_back(graph.arrival->tasks[at].id);
    ++graph.unfinished;
  }
  const TaskId& id = graph.ids[at];
  graph.nodes[at].phase = Phase::ended;
  --graph.unfinished;
  if (is_new && !contains(id) && tasks_.find(id) == none) enter(id, index, at);
  const Place* place = find(id);
  if (place == nullptr || place->graph != index || place->node != at) return;
  const auto died = wire::TaskResultType::failed_worker_died;
  clients_.reply(graph.client, wire::Message{wire::TaskResult{id, died, {}, {}}}, turn.out);
}

// ---- cancels of nodes that are not registered yet ----

bool GraphEngine::cancel_when_known(Index client, const TaskId& id) {
  if (client == none || registering_ == 0 || early_cancels_.size() == early_cancels_max)
    return false;
  early_cancels_.push_back({client, clients_[client].serial, id});
  return true;
}

void GraphEngine::settle_early_cancels(Turn& turn) {
  if (registering_ > 0) return;
  for (const EarlyCancel& early : std::exchange(early_cancels_, {})) {
    if (clients_[early.client].serial != early.serial) continue;
    if (owner_of(early.id) == early.client && cancel(early.id)) continue;
    const auto not_found = wire::CancelConfirmType::cancel_not_found;
    clients_.reply(early.client, wire::Message{wire::TaskCancelConfirm{early.id, not_found}},
                   turn.out);
  }
}

}  // namespace scaler::scheduler
