#include "sim/peer_policy.hpp"

#include <algorithm>
#include <set>

namespace scaler::sim {

namespace {

using scheduler::CapabilityNames;
using scheduler::ScalingPolicy;
using scheduler::WaterfallRule;

bool covers(const CapabilityNames& offered, const CapabilityNames& needed) {
  return std::includes(offered.begin(), offered.end(), needed.begin(), needed.end());
}

std::vector<PeerView::Worker> own_workers(const PeerView& view) {
  std::vector<PeerView::Worker> own;
  for (const auto& worker : view.workers)
    if (worker.manager == view.managers[view.self].id) own.push_back(worker);
  std::stable_sort(own.begin(), own.end(),
                   [](const auto& a, const auto& b) { return a.queued < b.queued; });
  return own;
}

std::uint64_t all_tasks(const PeerView& view) {
  std::uint64_t sum = 0;
  for (const auto& entry : view.demand) sum += entry.tasks;
  return sum;
}

std::uint64_t kept_for(std::uint64_t tasks, std::uint64_t per_worker) {
  return tasks == 0 ? 0 : std::max<std::uint64_t>(1, (tasks + per_worker - 1) / per_worker);
}

bool is_full(const PeerView& view, std::uint64_t own, std::uint64_t most) {
  return own + view.pending >= most;
}

bool wants_more(std::uint64_t tasks, std::uint64_t workers) {
  return workers == 0 ? tasks > 0 : tasks > 10 * workers;
}

void stop_spare(const PeerView& view, PeerCommands& commands) {
  const std::uint64_t tasks = all_tasks(view);
  auto own = own_workers(view);
  if (own.empty() || tasks >= view.workers.size()) return;
  for (std::size_t keep = kept_for(tasks, 10); own.size() > keep; own.erase(own.begin()))
    commands.stops.push_back(own.front().id);
}

PeerCommands vanilla(const PeerView& view) {
  PeerCommands commands;
  const auto own = own_workers(view).size();
  if (wants_more(all_tasks(view), view.workers.size())) {
    if (!is_full(view, own, view.managers[view.self].workers_max)) commands.starts = 1;
  } else {
    stop_spare(view, commands);
  }
  return commands;
}

// A manager without workers of its own is asked for capabilities that it does not have.
PeerCommands capability(const PeerView& view) {
  PeerCommands commands;
  const auto own = own_workers(view);
  for (const auto& group : view.demand) {
    if (group.tasks == 0) continue;
    const auto capable = static_cast<std::uint64_t>(
        std::count_if(view.workers.begin(), view.workers.end(),
                      [&](const auto& worker) { return covers(worker.names, group.names); }));
    const bool owns_capable = !own.empty() && covers(view.managers[view.self].names, group.names);
    const bool start = capable == 0 ? !owns_capable : group.tasks > 5 * capable;
    if (start && !is_full(view, own.size() + commands.starts, view.managers[view.self].workers_max))
      ++commands.starts;
  }
  if (commands.starts > 0) return commands;
  std::set<CapabilityNames> kinds;
  for (const auto& worker : view.workers) kinds.insert(worker.names);
  for (const CapabilityNames& kind : kinds) {
    std::uint64_t tasks = 0;
    for (const auto& group : view.demand)
      if (covers(kind, group.names)) tasks += group.tasks;
    std::uint64_t capable = 0;
    std::vector<std::string> mine;
    for (const auto& worker : view.workers) capable += covers(worker.names, kind);
    for (const auto& worker : own)
      if (covers(worker.names, kind)) mine.push_back(worker.id);
    if (2 * tasks >= capable) continue;
    const std::uint64_t others = capable - mine.size();
    std::uint64_t keep = kept_for(tasks, 5);
    keep = keep > others ? keep - others : 0;
    for (std::size_t i = 0; i + keep < mine.size(); ++i) commands.stops.push_back(mine[i]);
  }
  std::sort(commands.stops.begin(), commands.stops.end());
  commands.stops.erase(std::unique(commands.stops.begin(), commands.stops.end()),
                       commands.stops.end());
  return commands;
}

PeerCommands waterfall(const std::vector<WaterfallRule>& rules, const PeerView& view) {
  const auto rule_of = [&](const std::string& id) {
    return std::find_if(rules.begin(), rules.end(),
                        [&](const WaterfallRule& rule) { return rule.manager_id == id; });
  };
  const auto cap_of = [&](const PeerView::Manager& manager) {
    const auto rule = rule_of(manager.id);
    return std::min<std::uint64_t>(manager.workers_max,
                                   static_cast<std::uint64_t>(rule->workers_max.value_or(~0U)));
  };
  const auto count_of = [&](const std::string& id) {
    return static_cast<std::uint64_t>(
        std::count_if(view.workers.begin(), view.workers.end(),
                      [&](const auto& worker) { return worker.manager == id; }));
  };
  PeerCommands commands;
  const PeerView::Manager& self = view.managers[view.self];
  const auto own_rule = rule_of(self.id);
  if (own_rule == rules.end()) return commands;
  bool better_are_full = true;
  bool worse_are_empty = true;
  for (const PeerView::Manager& manager : view.managers) {
    const auto rule = rule_of(manager.id);
    if (rule == rules.end()) continue;
    if (rule->priority < own_rule->priority && count_of(manager.id) < cap_of(manager))
      better_are_full = false;
    if (rule->priority > own_rule->priority && count_of(manager.id) > 0) worse_are_empty = false;
  }
  if (wants_more(all_tasks(view), view.workers.size())) {
    if (better_are_full && count_of(self.id) < cap_of(self)) commands.starts = 1;
  } else if (worse_are_empty) {
    stop_spare(view, commands);
  }
  return commands;
}

}  // namespace

PeerCommands peer_commands(ScalingPolicy policy, const std::vector<WaterfallRule>& rules,
                           const PeerView& view) {
  switch (policy) {
    case ScalingPolicy::no:
      return {};
    case ScalingPolicy::vanilla:
      return vanilla(view);
    case ScalingPolicy::capability:
      return capability(view);
    case ScalingPolicy::waterfall:
      return waterfall(rules, view);
  }
  return {};
}

}  // namespace scaler::sim
