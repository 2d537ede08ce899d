#include "scheduler/graphs.hpp"

#include <algorithm>

#include "scheduler/say.hpp"
#include "scheduler/task_flags.hpp"

namespace scaler::scheduler {

GraphEngine::GraphEngine(TaskTable& tasks, ClientTable& clients, ObjectRegistry& objects,
                         TaskFlow& flow, const Monitor& monitor, Random& random,
                         std::uint64_t hash_key)
    : tasks_(tasks),
      clients_(clients),
      objects_(objects),
      flow_(flow),
      monitor_(monitor),
      random_(random),
      hash_key_(hash_key),
      by_id_(0, KeyedHash{hash_key}) {}

Index GraphEngine::owner_of(const TaskId& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? none : graphs_[found->second.graph].client;
}

// ---- arrival ----

void GraphEngine::submit(Index client, wire::GraphTask message, Turn& turn) {
  Graph graph;
  graph.umbrella = message.id;
  graph.client = client;
  Places places(message.nodes.size() + 1, KeyedHash{hash_key_});
  if (const char* why = connect(graph, message, places)) return refuse(client, message, why, turn);
  if (!flow_.has_room()) return refuse(client, message, "too many tasks wait", turn);
  for (Index node = 0; node < graph.nodes.size(); ++node)
    graph.nodes[node].task = std::move(message.nodes[node]);
  accept(std::move(graph), places, turn);
}

// Fills in nodes and edges. Returns what is wrong with the graph, or null.
const char* GraphEngine::connect(Graph& graph, const wire::GraphTask& message,
                                 Places& places) const {
  places.emplace(message.id, Place{});
  for (const auto& task : message.nodes) {
    const auto node = static_cast<Index>(graph.nodes.size());
    if (!places.emplace(task.id, Place{none, node}).second) return "a node's id comes twice";
    if (contains(task.id) || tasks_.find(task.id) != none) return "a node's id is in use";
    if (task.source != message.source) return "a node has another source";
    const auto flags = task_flags_of(task.metadata);
    if (!flags) return "a node has flags that no worker takes";
    graph.nodes.emplace_back();
    graph.nodes.back().nested = flags->nested;
    graph.ids.push_back(task.id);
  }
  for (Index node = 0; node < graph.nodes.size(); ++node) {
    auto& inputs = graph.nodes[node].inputs;
    for (const auto& argument : message.nodes[node].arguments) {
      const TaskId* id = std::get_if<TaskId>(&argument);
      if (id == nullptr) continue;
      const auto found = places.find(*id);
      if (found == places.end() || found->second.node == none)
        return "an argument names an unknown node";
      inputs.push_back(found->second.node);
    }
    std::sort(inputs.begin(), inputs.end());
    inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
    graph.nodes[node].inputs_missing = static_cast<std::uint32_t>(inputs.size());
    for (const Index input : inputs) {
      graph.nodes[input].dependents.push_back(node);
      ++graph.nodes[input].consumers_left;
    }
  }
  for (const TaskId& target : message.targets) {
    const auto found = places.find(target);
    if (found == places.end() || found->second.node == none) return "a target is no node";
    graph.nodes[found->second.node].target = true;
  }
  return is_acyclic(graph) ? nullptr : "it has a cycle";
}

bool GraphEngine::is_acyclic(const Graph& graph) {
  std::vector<std::uint32_t> missing;
  std::vector<Index> ready;
  for (Index node = 0; node < graph.nodes.size(); ++node) {
    missing.push_back(graph.nodes[node].inputs_missing);
    if (missing.back() == 0) ready.push_back(node);
  }
  std::size_t seen = 0;
  for (; seen < ready.size(); ++seen)
    for (const Index dependent : graph.nodes[ready[seen]].dependents)
      if (--missing[dependent] == 0) ready.push_back(dependent);
  return seen == graph.nodes.size();
}

void GraphEngine::refuse(Index client, const wire::GraphTask& message, const char* why,
                         Turn& turn) {
  if (auto more = refusals_.allow(turn.now))
    log::warning("graph {} of {} is refused: {} ({} more)", message.id.hex(),
                 client_name(clients_[client].identity), why, *more);
  const auto died = wire::TaskResultType::failed_worker_died;
  Places answered(0, KeyedHash{hash_key_});
  for (const auto& node : message.nodes) {
    // An id that lives elsewhere gets its own answer there.
    if (contains(node.id) || tasks_.find(node.id) != none || node.id == message.id) continue;
    if (!answered.emplace(node.id, Place{}).second) continue;
    clients_.reply(client, wire::Message{wire::TaskResult{node.id, died, {}, {}}}, turn.out);
  }
  clients_.reply(client, wire::Message{wire::TaskResult{message.id, died, {}, {}}}, turn.out);
  clients_.note_if_idle(client);
}

void GraphEngine::accept(Graph graph, const Places& places, Turn& turn) {
  announce(graph, turn);
  graph.unfinished = static_cast<std::uint32_t>(graph.nodes.size());
  const Index client = graph.client;
  const Index index = graphs_.insert(std::move(graph));
  for (const auto& [id, place] : places) by_id_.emplace(id, Place{index, place.node});
  clients_[client].graphs.insert(index);

  Graph& accepted = graphs_[index];
  if (accepted.nodes.empty()) {
    const auto success = wire::TaskResultType::success;
    return finish(index, wire::TaskResult{accepted.umbrella, success, {}, {}}, turn);
  }
  for (Index node = 0; node < accepted.nodes.size(); ++node)
    if (accepted.nodes[node].inputs_missing == 0) start(index, node, turn);
}

void GraphEngine::announce(const Graph& graph, Turn& turn) const {
  if (!monitor_.on()) return;
  for (Index node = 0; node < graph.nodes.size(); ++node) {
    wire::StateGraphTask event{graph.umbrella, graph.ids[node], wire::NodeTaskType::normal, {}};
    if (graph.nodes[node].target) event.type = wire::NodeTaskType::target;
    for (const Index input : graph.nodes[node].inputs) event.parents.push_back(graph.ids[input]);
    monitor_.node(std::move(event), turn);
  }
}

void GraphEngine::start(Index index, Index at, Turn& turn) {
  Graph& graph = graphs_[index];
  Node& node = graph.nodes[at];
  auto task = std::make_unique<wire::Task>(std::move(node.task));
  node.task = {};
  for (auto& argument : task->arguments)
    if (const TaskId* id = std::get_if<TaskId>(&argument))
      argument = *graph.nodes[by_id_.at(*id).node].result;
  node.phase = Phase::active;
  ++graph.active;
  const wire::Task& sent = *task;
  flow_.submit({graph.client, sent, std::move(task), node.nested, index}, turn);
}

// ---- a node ends ----

void GraphEngine::drain(Turn& turn) {
  for (auto ends = flow_.take_ended_nodes(); !ends.empty(); ends = flow_.take_ended_nodes())
    for (NodeEnd& end : ends) on_node_end(std::move(end), turn);
}

void GraphEngine::on_node_end(NodeEnd end, Turn& turn) {
  const Index index = end.graph;
  Graph& graph = graphs_[index];
  const Index at = by_id_.at(end.node).node;
  graph.nodes[at].phase = Phase::ended;
  --graph.unfinished;
  --graph.active;
  release_inputs(graph, at, turn);
  const bool succeeded = end.outcome == wire::TaskState::success;
  if (succeeded) graph.nodes[at].result = end.results.front();
  if (graph.canceling) {
    // What it would have fed is answered already.
    if (succeeded) release_if_unneeded(graph, at, turn);
    if (graph.active > 0) return;
    return finish(index, wire::TaskCancelConfirm{graph.umbrella, wire::CancelConfirmType::canceled},
                  turn);
  }
  if (succeeded) return succeed(index, at, turn);
  if (end.outcome == wire::TaskState::failed || end.outcome == wire::TaskState::failed_worker_died)
    return fail(index, end, turn);
  cancel_graph(index, turn);
}

void GraphEngine::succeed(Index index, Index at, Turn& turn) {
  Graph& graph = graphs_[index];
  release_if_unneeded(graph, at, turn);
  for (const Index dependent : graph.nodes[at].dependents)
    if (--graph.nodes[dependent].inputs_missing == 0) start(index, dependent, turn);
  if (graph.unfinished > 0) return;
  finish(index, wire::TaskResult{graph.umbrella, wire::TaskResultType::success, {}, {}}, turn);
}

void GraphEngine::fail(Index index, const NodeEnd& end, Turn& turn) {
  Graph& graph = graphs_[index];
  std::vector<std::pair<Index, wire::TaskResult>> answers;
  for (const Phase phase : {Phase::active, Phase::unstarted})
    for (Index node = 0; node < graph.nodes.size(); ++node)
      if (graph.nodes[node].phase == phase)
        answers.emplace_back(node, copy_of_failure(index, graph.ids[node], end, turn));
  for (auto& [node, answer] : answers) {
    const bool active = graph.nodes[node].phase == Phase::active;
    graph.nodes[node].phase = Phase::ended;
    release_inputs(graph, node, turn);
    if (active)
      flow_.fail_node(tasks_.find(graph.ids[node]), end.outcome, wire::Message{std::move(answer)},
                      turn);
    else
      clients_.reply(graph.client, wire::Message{std::move(answer)}, turn.out);
  }
  graph.unfinished = graph.active = 0;
  const auto type = end.outcome == wire::TaskState::failed
                        ? wire::TaskResultType::failed
                        : wire::TaskResultType::failed_worker_died;
  finish(index, wire::TaskResult{graph.umbrella, type, end.metadata, {}}, turn);
}

wire::TaskResult GraphEngine::copy_of_failure(Index index, const TaskId& node, const NodeEnd& end,
                                              Turn& turn) {
  wire::TaskResult copy{node, wire::TaskResultType::failed_worker_died, end.metadata, {}};
  if (end.outcome != wire::TaskState::failed || end.results.empty()) return copy;
  copy.type = wire::TaskResultType::failed;
  const Index client = graphs_[index].client;
  ObjectId id;
  const auto owner = owner_hash_of(clients_[client].identity);
  std::copy(owner.begin(), owner.end(), id.bytes.begin());
  random_.fill(std::span(id.bytes).subspan(owner.size()));
  turn.out.push_back(DuplicateObject{end.results.front(), id});
  if (clients_[client].standing == ClientStanding::registered) objects_.create(client, id, {});
  copy.results.push_back(id);
  return copy;
}

// ---- cancelling ----

bool GraphEngine::cancel(const TaskId& id, Turn& turn) {
  const auto found = by_id_.find(id);
  const auto [graph, node] = found->second;
  if (node != none && graphs_[graph].nodes[node].phase == Phase::ended) return false;
  cancel_graph(graph, turn);
  return true;
}

void GraphEngine::cancel_graph(Index index, Turn& turn) {
  Graph& graph = graphs_[index];
  if (graph.canceling) return;
  graph.canceling = true;
  const auto canceled = wire::CancelConfirmType::canceled;
  for (Index node = 0; node < graph.nodes.size(); ++node) {
    if (graph.nodes[node].phase != Phase::unstarted) continue;
    graph.nodes[node].phase = Phase::ended;
    --graph.unfinished;
    release_inputs(graph, node, turn);
    clients_.reply(graph.client, wire::Message{wire::TaskCancelConfirm{graph.ids[node], canceled}},
                   turn.out);
  }
  for (Index node = 0; node < graph.nodes.size(); ++node) {
    if (graph.nodes[node].phase != Phase::active) continue;
    // Not in the table: it has ended already, and its NodeEnd is under way to us.
    const Index task = tasks_.find(graph.ids[node]);
    if (task != none && tasks_[task].graph == index) flow_.cancel(task, true, {}, turn);
  }
  if (graph.active == 0) finish(index, wire::TaskCancelConfirm{graph.umbrella, canceled}, turn);
}

// ---- intermediate results, and the end ----

void GraphEngine::release_inputs(Graph& graph, Index at, Turn& turn) {
  for (const Index input : graph.nodes[at].inputs) {
    --graph.nodes[input].consumers_left;
    release_if_unneeded(graph, input, turn);
  }
}

void GraphEngine::release_if_unneeded(Graph& graph, Index at, Turn& turn) {
  Node& node = graph.nodes[at];
  if (node.target || node.consumers_left > 0 || !node.result) return;
  objects_.release(graph.client, *node.result, turn.now);
  node.result.reset();
}

void GraphEngine::finish(Index index, wire::Message answer, Turn& turn) {
  const Graph& graph = graphs_[index];
  const Index client = graph.client;
  clients_.reply(client, std::move(answer), turn.out);
  for (const TaskId& id : graph.ids) by_id_.erase(id);
  by_id_.erase(graph.umbrella);
  clients_[client].graphs.erase(index);
  graphs_.erase(index);
  clients_.note_if_idle(client);
}

void GraphEngine::check_invariants() const {
  std::size_t places = 0;
  std::size_t umbrellas = 0;
  for (const auto& [id, place] : by_id_) {
    if (place.node != none) continue;
    ++umbrellas;
    const Graph& graph = graphs_[place.graph];
    places += graph.nodes.size() + 1;
    SCALER_ASSERT(graph.umbrella == id, "an umbrella leads to another graph");
    SCALER_ASSERT(clients_[graph.client].graphs.contains(place.graph), "a graph of nobody");
    std::uint32_t unfinished = 0;
    std::uint32_t active = 0;
    for (Index node = 0; node < graph.nodes.size(); ++node) {
      const Phase phase = graph.nodes[node].phase;
      unfinished += phase != Phase::ended;
      if (phase != Phase::active) continue;
      ++active;
      const Index task = tasks_.find(graph.ids[node]);
      SCALER_ASSERT(task != none && tasks_[task].graph == place.graph, "an active node has a task");
    }
    SCALER_ASSERT(unfinished == graph.unfinished && active == graph.active,
                  "a graph has lost count of its nodes");
    SCALER_ASSERT(active > 0, "a graph waits for nothing");
  }
  SCALER_ASSERT(places == by_id_.size() && umbrellas == graphs_.size(), "stale ids of graphs");
}

}  // namespace scaler::scheduler
