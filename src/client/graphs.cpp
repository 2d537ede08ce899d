#include <cstring>
#include <utility>

#include "client/impl.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::client {

std::uint64_t graph_key_of(const TaskId& id) { return load_le64(id.bytes.data()); }

void ClientCore::Impl::on_request(SubmitGraph& request, Outbox& out) {
  const std::uint64_t key = graph_key_of(request.id);
  SCALER_ASSERT(key != 0 && !graphs.contains(key), "the ids of graphs are unique");
  Graph graph;
  graph.id = request.id;
  graph.own.reserve(request.objects.size());
  for (const NewObject& object : request.objects) graph.own.push_back(object.id);
  announce(request.objects, out);

  wire::GraphTask said;
  said.id = request.id;
  said.source = source();
  if (copies_welcome) said.carried.result_bytes_max = options.copy_bytes_max;
  said.targets.reserve(request.targets.size());
  for (const GraphTarget& target : request.targets) {
    Task task;
    task.token = target.token;
    task.of_graph = true;
    task.fetch = request.fetch;
    tasks.emplace(target.node, std::move(task));
    said.targets.push_back(target.node);
  }
  const Bytes metadata = wire::encode_task_flags(request.flags);
  said.nodes.reserve(request.nodes.size());
  for (GraphNode& node : request.nodes)
    said.nodes.push_back({node.id, source(), metadata, node.function, std::move(node.arguments),
                          request.capabilities});
  graph.targets = said.targets;
  graph.said = said;
  graphs.emplace(key, std::move(graph));
  after_creates.emplace_back(std::move(said));
}

// The umbrella's result or confirm: every node is over. A target of which nothing was heard will
// not be heard of.
void ClientCore::Impl::finish_graph(std::uint64_t key, Outbox& out) {
  const auto found = graphs.find(key);
  const std::vector<TaskId> targets = std::move(found->second.targets);
  for (const TaskId& id : targets) {
    const auto target = tasks.find(id);
    if (target == tasks.end() || target->second.phase != Task::Phase::sent) continue;
    settle_lost(target, Reason::worker_died,
                "the scheduler ended the graph without a result of this node", out);
  }
  for (const ObjectId& id : found->second.own) release(id);
  graphs.erase(found);
}

void ClientCore::Impl::cancel_graph(std::uint64_t key) {
  const auto found = graphs.find(key);
  if (found == graphs.end() || std::exchange(found->second.cancel_requested, true)) return;
  after_creates.emplace_back(wire::TaskCancel{found->second.id, true});
}

void ClientCore::Impl::settle_graph_canceled(std::uint64_t key, Outbox& out) {
  const auto found = graphs.find(key);
  if (found == graphs.end()) return;
  for (const TaskId& id : found->second.targets) {
    const auto target = tasks.find(id);
    if (target != tasks.end() && target->second.phase == Task::Phase::sent)
      settle_canceled(target, out);
  }
}

}  // namespace scaler::client
