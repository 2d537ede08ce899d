#include "scheduler/graphs.hpp"

#include <algorithm>
#include <set>

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
      by_id_(hash_key) {}

// ---- places ----

const GraphEngine::Place* GraphEngine::find(const TaskId& id) const {
  const Index place = by_id_.find(id, places_);
  return place == none ? nullptr : &places_[place];
}

void GraphEngine::enter(const TaskId& id, Index graph, Index node) {
  by_id_.insert(id, places_.insert({id, graph, node}));
}

void GraphEngine::leave(const TaskId& id, Index graph) {
  const Index place = by_id_.find(id, places_);
  if (place == none || places_[place].graph != graph) return;
  by_id_.erase(id, place);
  places_.erase(place);
}

Index GraphEngine::owner_of(const TaskId& id) const {
  const Place* place = find(id);
  if (place == nullptr || graphs_[place->graph].stage == Stage::closing) return none;
  return graphs_[place->graph].client;
}

Index GraphEngine::Backlog::take() {
  const Index node = nodes[next++];
  if (next == nodes.size()) {
    nodes.clear();
    next = 0;
  }
  return node;
}

// ---- work, in slices ----

void GraphEngine::put_to_work(Index index) {
  if (!std::exchange(graphs_[index].in_work, true)) in_work_.push_back(index);
}

void GraphEngine::advance(Graph& graph, Stage to) {
  graph.stage = to;
  graph.cursor = 0;
}

// Graphs take turns, so that a small one does not wait for a large one.
void GraphEngine::work_off(std::size_t& budget, Turn& turn) {
  constexpr std::size_t steps_in_a_row = 250;
  while (budget > 0 && !in_work_.empty()) {
    const Index index = in_work_.front();
    in_work_.pop_front();
    bool more = true;
    for (std::size_t i = 0; more && budget > 0 && i < steps_in_a_row; ++i) {
      --budget;
      more = step(index, budget, turn);
      if (!more) graphs_[index].in_work = false;
      drain(turn);
    }
    if (more) in_work_.push_back(index);
  }
  if (!early_cancels_.empty()) settle_early_cancels(turn);
}

bool GraphEngine::step(Index index, std::size_t& budget, Turn& turn) {
  Graph& graph = graphs_[index];
  if (graph.stage < Stage::running) {
    arrive(index, budget, turn);
    return true;
  }
  if (graph.stage == Stage::closing) {
    close_one(index);
    return graphs_[index].stage == Stage::closing;
  }
  const bool done = graph.stage == Stage::running ? run_one(index, turn) : answer_one(index, turn);
  if (done || release_one(graph)) return true;
  const bool waits = graph.stage == Stage::running ? graph.unfinished > 0 : graph.active > 0;
  if (waits) return false;
  finish(index, turn);
  return true;
}

bool GraphEngine::run_one(Index index, Turn& turn) {
  Graph& graph = graphs_[index];
  if (graph.to_start.empty()) return false;
  start(index, graph.to_start.take(), none, turn);
  return true;
}

// With `lead`, a task, what it makes is awaited: the node is sent behind it.
void GraphEngine::start(Index index, Index at, Index lead, Turn& turn) {
  Graph& graph = graphs_[index];
  Node& node = graph.nodes[at];
  auto message = std::make_unique<OwnMessage>();
  message->said = std::exchange(node.task, {});
  if (lead != none)
    message->awaited = {tasks_[lead].id, *own_message_of(tasks_[lead])->said.carried.result_id};
  if (node.dependents.size() == 1) message->said.carried.result_id = new_object(graph);
  message->owner_wants_copy = node.target && graph.result_bytes_max > 0;
  // A worker that carries a result does not wait for the storage to have it, so that of a target is
  // asked for only if its owner uses it.
  const std::uint32_t for_dependents = node.dependents.empty() ? 0 : wire::copy_bytes_max;
  message->said.carried.result_bytes_max = node.target ? graph.result_bytes_max : for_dependents;
  name_inputs(graph, *message);
  for (const Index input : node.inputs)
    if (--graph.nodes[input].dependents_unsent == 0) drop_copy(graph, graph.nodes[input]);
  node.phase = Phase::active;
  ++graph.active;
  const wire::Task& sent = message->said;
  flow_.submit({graph.client, sent, std::move(message), node.nested, index, lead}, turn);
  let_go(node);  // the task holds it by now
}

// Of all of them, and takes along copies of those that are small.
void GraphEngine::name_inputs(const Graph& graph, OwnMessage& message) const {
  wire::Task& said = message.said;
  std::uint64_t bytes = 0;
  for (std::size_t at = 0; at < said.arguments.size(); ++at) {
    const TaskId* id = std::get_if<TaskId>(&said.arguments[at]);
    if (id == nullptr) continue;
    const Node& input = graph.nodes[find(*id)->node];
    said.arguments[at] = input.result ? *input.result : message.awaited->object;
    if (message.near == none) message.near = input.worker;
    bytes += input.copy.size();
    if (input.copy.empty() || bytes > task_copies_bytes_max) continue;
    said.carried.copies.resize(at + 2);  // the function's place is the first
    said.carried.copies[at + 1] = input.copy;
  }
}

void GraphEngine::keep_copy(Graph& graph, Node& node, wire::TaskResult& said) {
  if (said.carried.copies.empty() || said.carried.copies.front().empty()) return;
  if (node.dependents_unsent == 0) return;
  const std::uint64_t cost = cost_alone(said.carried.copies);
  if (!flow_.copies().take(cost)) return;
  graph.copies_cost += cost;
  node.copy = std::move(said.carried.copies.front());
}

void GraphEngine::drop_copy(Graph& graph, Node& node) {
  if (node.copy.empty()) return;
  const std::uint64_t cost = node.copy.footprint_bytes();
  graph.copies_cost -= cost;
  flow_.copies().give(cost);
  node.copy = {};
}

// Looks at one node and answers it, if it has no answer. First those that can be answered at once,
// or need not run on.
bool GraphEngine::answer_one(Index index, Turn& turn) {
  Graph& graph = graphs_[index];
  const std::size_t count =
      graph.stage == Stage::refusing ? graph.arrival->tasks.size() : graph.nodes.size();
  const std::size_t passes = graph.stage == Stage::refusing ? 1 : 2;
  if (graph.cursor == passes * count) return false;
  const bool is_first_pass = graph.cursor < count;
  const auto at = static_cast<Index>(graph.cursor++ % count);
  if (graph.stage == Stage::refusing)
    refuse_one(index, at, turn);
  else if (graph.stage == Stage::failing &&
           graph.nodes[at].phase == (is_first_pass ? Phase::active : Phase::unstarted))
    fail_one(index, at, turn);
  else if (graph.stage == Stage::canceling &&
           graph.nodes[at].phase == (is_first_pass ? Phase::unstarted : Phase::active))
    cancel_one(index, at, turn);
  return true;
}

// ---- a node ends ----

void GraphEngine::drain(Turn& turn) {
  while (true) {
    auto ends = flow_.take_ended_nodes();
    auto placed = flow_.take_placed_nodes();
    if (ends.empty() && placed.empty()) return;
    for (NodeEnd& end : ends) on_node_end(std::move(end), turn);
    for (const NodePlaced& node : placed)
      if (const Place* place = find(node.node)) follow(node.graph, place->node, turn);
  }
}

void GraphEngine::on_node_end(NodeEnd end, Turn& turn) {
  const Index index = end.graph;
  Graph& graph = graphs_[index];
  const Index at = find(end.node)->node;
  if (end.returned) return take_back(index, at, *end.returned, turn);
  Node& node = graph.nodes[at];
  node.phase = Phase::ended;
  --graph.unfinished;
  --graph.active;
  graph.to_release.nodes.push_back(at);
  const bool succeeded = end.outcome == wire::TaskState::success;
  if (succeeded) {
    node.result = end.said.results.front();
    node.result_held = objects_.hold(*node.result);
  }
  put_to_work(index);
  if (graph.stage != Stage::running) return;  // its last word is known already
  if (succeeded) {
    node.worker = end.worker;
    keep_copy(graph, node, end.said);
    return succeed(index, at, turn);
  }
  if (end.outcome == wire::TaskState::failed || end.outcome == wire::TaskState::failed_worker_died)
    return fail(graph, std::move(end), turn);
  cancel_graph(index);
}

void GraphEngine::succeed(Index index, Index at, Turn& turn) {
  Graph& graph = graphs_[index];
  for (const Index dependent : graph.nodes[at].dependents) {
    Node& node = graph.nodes[dependent];
    if (--node.inputs_missing > 0) continue;
    if (node.phase == Phase::unstarted) {
      graph.to_start.nodes.push_back(dependent);
      continue;
    }
    const Index task = tasks_.find(graph.ids[dependent]);  // it was sent ahead, or has ended even
    if (node.phase == Phase::active && task != none)
      flow_.awaited_came(task, *graph.nodes[at].result, turn);
  }
  follow_last(index, at, turn);
}

// ---- a node fails, and all others with it ----

// The client may delete the error as soon as it has heard of it, so the copies are made from a copy
// of our own.
void GraphEngine::fail(Graph& graph, NodeEnd end, Turn& turn) {
  advance(graph, Stage::failing);
  const bool has_error = end.outcome == wire::TaskState::failed && !end.said.results.empty();
  if (has_error && graph.unfinished > 0)
    end.said.results = {new_copy(graph, end.said.results.front(), turn)};
  else
    end.said.results.clear();
  end.said.carried = {};
  graph.failure = std::make_unique<NodeEnd>(std::move(end));
}

void GraphEngine::fail_one(Index index, Index at, Turn& turn) {
  Graph& graph = graphs_[index];
  Node& node = graph.nodes[at];
  const Index task = tasks_.find(graph.ids[at]);
  if (node.phase == Phase::active && (task == none || tasks_[task].graph != index)) return;
  wire::Message answer = copy_of_failure(graph, at, turn);
  if (node.phase == Phase::active) {
    --graph.active;
    flow_.fail_node(task, graph.failure->outcome, std::move(answer), turn);
  } else {
    clients_.reply(graph.client, std::move(answer), turn.out);
  }
  node.phase = Phase::ended;
  --graph.unfinished;
  graph.to_release.nodes.push_back(at);
}

wire::TaskResult GraphEngine::copy_of_failure(const Graph& graph, Index node, Turn& turn) {
  const NodeEnd& failure = *graph.failure;
  wire::TaskResult copy{
      graph.ids[node], wire::TaskResultType::failed_worker_died, failure.said.metadata, {}};
  if (failure.said.results.empty() || clients_[graph.client].standing == ClientStanding::gone)
    return copy;
  copy.type = wire::TaskResultType::failed;
  copy.results.push_back(new_copy(graph, failure.said.results.front(), turn));
  objects_.create(graph.client, copy.results.front(), {});
  return copy;
}

ObjectId GraphEngine::new_copy(const Graph& graph, const ObjectId& of, Turn& turn) {
  const ObjectId id = new_object(graph);
  turn.out.push_back(DuplicateObject{of, id});
  return id;
}

ObjectId GraphEngine::new_object(const Graph& graph) {
  ObjectId id;
  const auto owner = owner_hash_of(clients_[graph.client].identity);
  std::copy(owner.begin(), owner.end(), id.bytes.begin());
  random_.fill(std::span(id.bytes).subspan(owner.size()));
  return id;
}

// ---- cancelling ----

bool GraphEngine::cancel(const TaskId& id) {
  const Place* place = find(id);
  const Graph& graph = graphs_[place->graph];
  if (place->node != none && graph.nodes[place->node].phase == Phase::ended) return false;
  cancel_graph(place->graph);
  return true;
}

void GraphEngine::cancel_graph(Index index) {
  Graph& graph = graphs_[index];
  if (graph.stage < Stage::running)
    graph.arrival->canceled = true;
  else if (graph.stage == Stage::running)
    advance(graph, Stage::canceling);
  put_to_work(index);
}

void GraphEngine::cancel_one(Index index, Index at, Turn& turn) {
  Graph& graph = graphs_[index];
  Node& node = graph.nodes[at];
  if (node.phase == Phase::active) {
    // Not in the table: it has ended already, and its NodeEnd is under way to us.
    const Index task = tasks_.find(graph.ids[at]);
    if (task != none && tasks_[task].graph == index) flow_.cancel(task, true, {}, turn);
    return;
  }
  node.phase = Phase::ended;
  --graph.unfinished;
  graph.to_release.nodes.push_back(at);
  const auto canceled = wire::CancelConfirmType::canceled;
  clients_.reply(graph.client, wire::Message{wire::TaskCancelConfirm{graph.ids[at], canceled}},
                 turn.out);
}

// ---- intermediate results, and the end ----

// Of the first node that has ended: its next input, or, after all of them, its own result.
bool GraphEngine::release_one(Graph& graph) {
  if (graph.to_release.empty()) return false;
  const auto& inputs = graph.nodes[graph.to_release.nodes[graph.to_release.next]].inputs;
  if (graph.released < inputs.size()) {
    const Index input = inputs[graph.released++];
    --graph.nodes[input].consumers_left;
    release_if_unneeded(graph, input);
    return true;
  }
  graph.released = 0;
  const Index ended = graph.to_release.take();
  let_go(graph.nodes[ended]);
  release_if_unneeded(graph, ended);
  return true;
}

// What a target made stays its owner's, who may delete it as soon as it hears of it: until now it
// was held for those that take it.
void GraphEngine::release_if_unneeded(Graph& graph, Index at) {
  Node& node = graph.nodes[at];
  if (node.consumers_left > 0 || !node.result) return;
  if (!node.target) objects_.release(graph.client, *node.result);
  objects_.let_go(std::exchange(node.result_held, none));
  node.result.reset();
}

void GraphEngine::hold_named(Node& node) {
  node.held.push_back(objects_.hold(node.task.function));
  for (const auto& argument : node.task.arguments)
    if (const auto* id = std::get_if<ObjectId>(&argument)) node.held.push_back(objects_.hold(*id));
}

void GraphEngine::let_go(Node& node) { objects_.let_go(std::exchange(node.held, {})); }

wire::Message GraphEngine::last_answer(const Graph& graph) const {
  using wire::TaskResultType;
  if (graph.stage == Stage::canceling)
    return wire::TaskCancelConfirm{graph.umbrella, wire::CancelConfirmType::canceled};
  wire::TaskResult answer{graph.umbrella, TaskResultType::success, {}, {}};
  if (graph.stage == Stage::failing) answer.metadata = graph.failure->said.metadata;
  if (graph.stage != Stage::running)
    answer.type = graph.failure && graph.failure->outcome == wire::TaskState::failed
                      ? TaskResultType::failed
                      : TaskResultType::failed_worker_died;
  return answer;
}

void GraphEngine::finish(Index index, Turn& turn) {
  Graph& graph = graphs_[index];
  clients_.reply(graph.client, last_answer(graph), turn.out);
  if (graph.failure && !graph.failure->said.results.empty())
    objects_.remove(graph.failure->said.results.front());
  clients_[graph.client].graphs.erase(index);
  clients_.note_if_idle(graph.client);
  flow_.copies().give(std::exchange(graph.copies_cost, 0));
  graph.client = none;
  advance(graph, Stage::closing);
}

void GraphEngine::close_one(Index index) {
  Graph& graph = graphs_[index];
  if (graph.cursor < graph.ids.size()) {
    leave(graph.ids[graph.cursor], index);
    Node& node = graph.nodes[graph.cursor++];
    let_go(node);  // of one that was refused
    node = {};
    return;
  }
  leave(graph.umbrella, index);
  graphs_.erase(index);
}

// ---- checks ----

std::size_t GraphEngine::holds() const {
  std::size_t count = 0;
  std::set<Index> graphs(in_work_.begin(), in_work_.end());  // all that close, and others
  const auto add_client = [&](Index client) {
    graphs.insert(clients_[client].graphs.begin(), clients_[client].graphs.end());
  };
  for (const auto& [identity, client] : clients_.by_identity()) add_client(client);
  for (const Index client : clients_.gone()) add_client(client);
  for (const Index graph : graphs)
    for (const Node& node : graphs_[graph].nodes)
      count += node.held.size() + (node.result_held != none);
  return count;
}

void GraphEngine::check_invariants() const {
  std::size_t live = 0;
  const auto check_client = [&](Index client) {
    for (const Index graph : clients_[client].graphs) {
      SCALER_ASSERT(graphs_[graph].client == client, "a graph of nobody");
      check_graph(graph);
      ++live;
    }
  };
  for (const auto& [identity, client] : clients_.by_identity()) check_client(client);
  for (const Index client : clients_.gone()) check_client(client);
  for (const Index graph : in_work_) {
    SCALER_ASSERT(graphs_[graph].in_work, "a graph is worked on that does not know it");
    live += graphs_[graph].stage == Stage::closing;
  }
  SCALER_ASSERT(flow_.copies().used() == 0 || tasks_.size() + graphs_.size() > 0,
                "copies that nobody carries");
  SCALER_ASSERT(live == graphs_.size(), "a graph that nobody has");
  SCALER_ASSERT(places_.size() == by_id_.size(), "stale ids of graphs");
  SCALER_ASSERT(graphs_.size() > 0 || places_.size() == 0, "ids of graphs that are gone");
}

void GraphEngine::check_graph(Index index) const {
  const Graph& graph = graphs_[index];
  const Place* umbrella = find(graph.umbrella);
  SCALER_ASSERT(umbrella != nullptr && umbrella->graph == index, "an umbrella leads elsewhere");
  std::uint32_t unfinished = 0;
  std::uint32_t active = 0;
  std::uint64_t copies_cost = 0;
  for (std::size_t node = 0; node < graph.nodes.size(); ++node) {
    const Phase phase = graph.nodes[node].phase;
    unfinished += phase != Phase::ended;
    copies_cost += graph.nodes[node].copy.footprint_bytes();
    if (phase != Phase::active) continue;
    ++active;
    const Index task = tasks_.find(graph.ids[node]);
    SCALER_ASSERT(task != none && tasks_[task].graph == index, "an active node has a task");
  }
  SCALER_ASSERT(unfinished == graph.unfinished && active == graph.active,
                "a graph has lost count of its nodes");
  SCALER_ASSERT(copies_cost == graph.copies_cost, "a graph has lost count of its copies");
  SCALER_ASSERT(active > 0 || graph.in_work, "a graph waits for nothing");
}

}  // namespace scaler::scheduler
