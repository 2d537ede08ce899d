#include <algorithm>
#include <utility>
#include <variant>

#include "client/impl.hpp"

namespace scaler::client {

namespace {

constexpr std::size_t doubted_max = 4;
constexpr std::size_t buckets_looked_at_max = 256;
constexpr int longest_doubt = 8;  // times the first

}  // namespace

// A future that nobody can ever end looks like one that takes its time, so the scheduler is asked
// about some of those that were open long ago. What it costs does not depend on how many there are.
void ClientCore::Impl::doubt(TimePoint now, Outbox& out) {
  if (phase != Phase::ready || !copies_welcome) return;  // other schedulers do not answer
  if (tasks.empty()) {
    doubted.clear();
    doubt_after = options.doubt_after;
    return;
  }
  if (doubted.empty()) return pick_doubted(now);
  if (now - doubted_since < doubt_after) return;
  bool asked = false;
  for (const TaskId& id : std::exchange(doubted, {})) {
    const auto about = to_ask_about(id);
    if (about) out.effects.emplace_back(AskWhy{*about});
    asked = asked || about;
  }
  if (asked) doubt_after = std::min(doubt_after * 2, options.doubt_after * longest_doubt);
  pick_doubted(now);
}

void ClientCore::Impl::pick_doubted(TimePoint now) {
  doubted_since = now;
  const std::size_t buckets = tasks.bucket_count();
  for (std::size_t looked_at = 0;
       looked_at < std::min(buckets, buckets_looked_at_max) && doubted.size() < doubted_max;
       ++looked_at) {
    doubt_bucket = (doubt_bucket + 1) % buckets;
    for (auto at = tasks.begin(doubt_bucket); at != tasks.end(doubt_bucket); ++at)
      if (doubted.size() < doubted_max && to_ask_about(at->first)) doubted.push_back(at->first);
  }
}

// Nothing: it does not wait for a worker any more. For a graph's target, a node that waits for no
// other: it is the first that a worker takes.
std::optional<TaskId> ClientCore::Impl::to_ask_about(const TaskId& id) const {
  const auto task = tasks.find(id);
  if (task == tasks.end() || task->second.phase != Task::Phase::sent ||
      task->second.cancel_requested)
    return std::nullopt;
  if (!task->second.of_graph) return id;
  const auto graph = graphs.find(graph_key_of(id));
  if (graph == graphs.end()) return std::nullopt;
  const auto is_node = [](const wire::Argument& argument) {
    return std::holds_alternative<TaskId>(argument);
  };
  const auto& nodes = graph->second.said.nodes;
  const auto root = std::ranges::find_if(
      nodes, [&](const wire::Task& node) { return std::ranges::none_of(node.arguments, is_node); });
  return root == nodes.end() ? std::nullopt : std::optional(root->id);
}

}  // namespace scaler::client
