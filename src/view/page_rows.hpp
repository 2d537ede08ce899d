#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scaler/view/cluster_view.hpp"
#include "view/row_table.hpp"

// The tables of the page: their keys, and their rows of a cluster as it is. The keys of release
// 2.0.9 are there, so that scripts for its page find them, and more for ours.
namespace scaler::view {

// The most memory that each processor was seen with, by worker and process.
class PeakMemory {
 public:
  void on_state(const ClusterView& cluster);
  std::uint64_t of(std::string_view worker, std::uint32_t pid) const;

 private:
  std::map<std::pair<std::string, std::uint32_t>, std::uint64_t> peaks_;
};

std::vector<std::string_view> scheduler_keys();
std::vector<std::string_view> worker_keys();
std::vector<std::string_view> manager_keys();
std::vector<std::string_view> client_keys();

// One row with an empty id.
RowTable::Rows rows_of_scheduler(const ClusterView& cluster, std::string_view monitor_address,
                                 std::uint64_t silent_seconds);
RowTable::Rows rows_of_workers(const ClusterView& cluster, const PeakMemory& peaks);
RowTable::Rows rows_of_managers(const ClusterView& cluster);
RowTable::Rows rows_of_clients(const ClusterView& cluster);

std::string_view state_name(wire::TaskState state);     // "success", "failed_worker_died"
std::string short_name(const std::string& name);        // 15 characters and a '+'
std::string no_manager();                               // a dash
std::string capabilities_of(const WorkerView& worker);  // names, or that there are none, or unknown

}  // namespace scaler::view
