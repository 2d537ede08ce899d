#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <utility>

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"

namespace scaler::agent {

// The latest results of this worker that did not leave with their TaskResult: what takes one is
// often run where it was made, and need not ask the store for it. The oldest go first.
class RecentResults {
 public:
  explicit RecentResults(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  void add(const ObjectId& id, Bytes payload) {
    const std::uint64_t cost = payload.footprint_bytes();
    if (cost > bytes_max_ / 4 || !results_.emplace(id, std::move(payload)).second) return;
    bytes_ += cost;
    order_.push_back(id);
    while (bytes_ > bytes_max_ || order_.size() > results_max) {
      erase(order_.front());
      order_.pop_front();
    }
  }
  const Bytes* find(const ObjectId& id) const {
    const auto found = results_.find(id);
    return found == results_.end() ? nullptr : &found->second;
  }
  void erase(const ObjectId& id) {  // its place in the order stays until its turn
    const auto found = results_.find(id);
    if (found == results_.end()) return;
    bytes_ -= found->second.footprint_bytes();
    results_.erase(found);
  }
  bool empty() const { return results_.empty(); }

 private:
  static constexpr std::size_t results_max = 256;
  std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;
  std::unordered_map<ObjectId, Bytes> results_;
  std::deque<ObjectId> order_;
};

}  // namespace scaler::agent
