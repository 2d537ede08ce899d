#include "scaler/scheduler/scaling.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

namespace scaler::scheduler {

namespace {

struct Thresholds {
  std::uint64_t tasks_per_worker;   // what one worker is good for
  std::uint64_t spare_below_twice;  // workers are spare below half so many tasks for each
};
constexpr Thresholds thresholds_of(ScalingPolicy policy) {
  return policy == ScalingPolicy::capability ? Thresholds{5, 1} : Thresholds{10, 2};
}

constexpr std::int64_t no_rule = std::numeric_limits<std::int64_t>::max();

bool covers(const CapabilityNames& offered, const CapabilityNames& needed) {
  return std::includes(offered.begin(), offered.end(), needed.begin(), needed.end());
}

std::uint64_t divided_up(std::uint64_t value, std::uint64_t by) { return (value + by - 1) / by; }

// Workers that offer the same: one crew, or others.
struct CrewPool {
  const CapabilityNames* names = nullptr;
  std::size_t crew = 0;  // or crews.size()
  std::uint64_t workers = 0;
  std::uint64_t busy = 0;
  std::uint64_t limit = 0;  // of workers; never below what is there
  std::int64_t priority = no_rule;
  std::uint64_t capacity = 0;  // tasks that it could still take, while demand is dealt out
  bool is_scaled = false;      // may be asked for more or fewer
  std::uint64_t room() const { return limit - workers; }
};

class Planner {
 public:
  Planner(ScalingPolicy policy, const std::vector<WaterfallRule>& rules,
          const ClusterPicture& picture)
      : policy_(policy), thresholds_(thresholds_of(policy)), picture_(picture) {
    for (std::size_t i = 0; i < picture.crews.size(); ++i) pools_.push_back(pool_of(i, rules));
    for (const OtherWorkers& others : picture.others) {
      CrewPool& pool = pools_.emplace_back();
      pool.names = &others.names;
      pool.crew = picture.crews.size();
      pool.workers = pool.busy = pool.limit = others.workers;
    }
    gather_demand();
  }

  std::vector<std::uint32_t> plan() {
    std::vector<std::uint32_t> wishes;
    for (const Crew& crew : picture_.crews) wishes.push_back(crew.present());
    if (policy_ == ScalingPolicy::no) return wishes;
    add_workers();
    for (const CrewPool& pool : pools_)
      if (pool.is_scaled) wishes[pool.crew] = static_cast<std::uint32_t>(pool.workers);
    drop_workers(wishes);
    return wishes;
  }

 private:
  CrewPool pool_of(std::size_t index, const std::vector<WaterfallRule>& rules) const {
    const Crew& crew = picture_.crews[index];
    CrewPool pool;
    pool.names = &crew.names;
    pool.crew = index;
    pool.workers = crew.present();
    pool.busy = crew.busy;
    pool.limit = crew.workers_max;
    pool.is_scaled = policy_ != ScalingPolicy::waterfall;
    for (const WaterfallRule& rule : rules) {
      if (policy_ != ScalingPolicy::waterfall || rule.manager_id != crew.manager_id) continue;
      pool.priority = rule.priority;
      pool.is_scaled = true;
      if (rule.workers_max)
        pool.limit = std::min<std::uint64_t>(
            pool.limit, static_cast<std::uint64_t>(std::max<std::int64_t>(0, *rule.workers_max)));
    }
    pool.limit = std::max(pool.limit, pool.workers);
    return pool;
  }

  // By names, those that fewest workers can run first. Where names do not bind, tasks that ask for
  // what nobody offers run anywhere; where they do, no worker would help them.
  void gather_demand() {
    const bool by_names = policy_ != ScalingPolicy::vanilla || picture_.names_bind;
    for (const TaskDemand& entry : picture_.demand) {
      if (entry.tasks == 0) continue;
      const bool is_covered =
          by_names && std::any_of(pools_.begin(), pools_.end(), [&](const CrewPool& pool) {
            return covers(*pool.names, entry.names) && (pool.workers > 0 || can_grow(pool));
          });
      if (!is_covered && picture_.names_bind) continue;
      add_demand(is_covered ? entry.names : CapabilityNames{}, entry.tasks);
    }
    std::sort(demand_.begin(), demand_.end(), [](const TaskDemand& a, const TaskDemand& b) {
      if (a.names.size() != b.names.size()) return a.names.size() > b.names.size();
      return a.names < b.names;
    });
  }

  void add_demand(const CapabilityNames& names, std::uint64_t tasks) {
    const auto same = std::find_if(demand_.begin(), demand_.end(),
                                   [&](const TaskDemand& entry) { return entry.names == names; });
    if (same == demand_.end())
      demand_.push_back({names, tasks});
    else
      same->tasks += tasks;
  }

  static bool can_grow(const CrewPool& pool) { return pool.is_scaled && pool.room() > 0; }

  // Deals the demand out to what is there; what is left over asks for more.
  void add_workers() {
    for (CrewPool& pool : pools_) pool.capacity = pool.workers * thresholds_.tasks_per_worker;
    const std::vector<std::size_t> order = plainest_first();
    for (const TaskDemand& entry : demand_) {
      std::uint64_t left = entry.tasks;
      for (const std::size_t at : order) {
        if (left == 0) break;
        if (covers(*pools_[at].names, entry.names)) left -= take(pools_[at], left);
      }
      while (left > 0) {
        CrewPool* chosen = next_to_grow(entry.names);
        if (chosen == nullptr) break;
        left -= grow(*chosen, left);
      }
    }
  }

  static std::uint64_t take(CrewPool& pool, std::uint64_t tasks) {
    const std::uint64_t taken = std::min(tasks, pool.capacity);
    pool.capacity -= taken;
    return taken;
  }

  // Under waterfall one crew is filled before the next. Otherwise a small part at a time, so that
  // managers of equal standing share the load.
  std::uint64_t grow(CrewPool& pool, std::uint64_t tasks) const {
    const std::uint64_t wanted = divided_up(tasks, thresholds_.tasks_per_worker);
    const bool fills = policy_ == ScalingPolicy::waterfall;
    const std::uint64_t part = fills ? wanted : std::max<std::uint64_t>(1, wanted / 64);
    const std::uint64_t more = std::min(part, pool.room());
    pool.workers += more;
    pool.capacity += more * thresholds_.tasks_per_worker;
    return take(pool, tasks);
  }

  CrewPool* next_to_grow(const CapabilityNames& names) {
    const auto rank = [](const CrewPool& pool) {  // the least is first
      return std::tuple(pool.priority, pool.names->size(), ~pool.room(), pool.crew);
    };
    CrewPool* best = nullptr;
    for (CrewPool& pool : pools_)
      if (can_grow(pool) && covers(*pool.names, names) &&
          (best == nullptr || rank(pool) < rank(*best)))
        best = &pool;
    return best;
  }

  // What a crew offers beyond the need is kept for those that need it. Workers that nobody can stop
  // come first, then better priorities, then crews whose workers cannot be stopped now.
  std::vector<std::size_t> plainest_first() const {
    std::vector<std::size_t> order(pools_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const auto rank = [&](const CrewPool& pool) {
        return std::tuple(pool.names->size(), pool.is_scaled, pool.priority, ~pool.busy);
      };
      return rank(pools_[a]) < rank(pools_[b]);
    });
    return order;
  }

  // From crews that did not grow. A pool's capacity says by now what it is not needed for.
  void drop_workers(std::vector<std::uint32_t>& wishes) const {
    for (const CrewPool& pool : pools_) {
      if (!pool.is_scaled || pool.workers == 0) continue;
      const Crew& crew = picture_.crews[pool.crew];
      if (pool.workers > crew.present() || crew.starting > 0) continue;
      if (!has_spare_workers(pool) || worse_ones_are_left(pool)) continue;
      const std::uint64_t used = pool.workers * thresholds_.tasks_per_worker - pool.capacity;
      const std::uint64_t needed = divided_up(used, thresholds_.tasks_per_worker);
      wishes[pool.crew] = static_cast<std::uint32_t>(std::max(needed, pool.busy));
    }
  }

  // Compares all tasks that the pool's workers could run with all workers that could run them too.
  bool has_spare_workers(const CrewPool& pool) const {
    std::uint64_t tasks = 0;
    std::uint64_t workers = 0;
    for (const TaskDemand& entry : demand_)
      if (covers(*pool.names, entry.names)) tasks += entry.tasks;
    for (const CrewPool& other : pools_)
      if (covers(*other.names, *pool.names)) workers += other.workers;
    return 2 * tasks < thresholds_.spare_below_twice * workers;
  }

  bool worse_ones_are_left(const CrewPool& pool) const {
    return policy_ == ScalingPolicy::waterfall &&
           std::any_of(pools_.begin(), pools_.end(), [&](const CrewPool& other) {
             return other.is_scaled && other.workers > 0 && other.priority > pool.priority;
           });
  }

  ScalingPolicy policy_;
  Thresholds thresholds_;
  const ClusterPicture& picture_;
  std::vector<CrewPool> pools_;
  std::vector<TaskDemand> demand_;
};

}  // namespace

std::vector<std::uint32_t> plan(ScalingPolicy policy, const std::vector<WaterfallRule>& rules,
                                const ClusterPicture& picture) {
  return Planner(policy, rules, picture).plan();
}

}  // namespace scaler::scheduler
