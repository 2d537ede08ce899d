#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "scaler/view/cluster_view.hpp"
#include "scaler/view/task_history.hpp"

namespace scaler::view {

// The figures that the page draws over time: one point for each state of the scheduler. A point is
// [ms since origin, success, failed, canceled (all so far), waiting, running, workers, busy
// workers, cpu permille, rss bytes of processors].
class PageChart {
 public:
  void add(const ClusterView& cluster, WallMs since_origin);
  std::string all() const;  // [[...],[...]]
  std::string take_new();   // the same; empty: none

 private:
  static constexpr std::size_t points_max = 1800;  // half an hour of seconds
  std::deque<std::string> points_;
  std::size_t new_ = 0;  // of the last ones
};

}  // namespace scaler::view
