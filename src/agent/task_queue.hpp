#pragma once

#include <compare>
#include <cstdint>
#include <map>

#include "scaler/base/ids.hpp"

namespace scaler::agent {

// The order in which one worker runs its tasks: higher priority first, for equal priority a
// suspended task before a new one, then the oldest entry. Every operation is O(log tasks).
class TaskQueue {
 public:
  struct Key {
    std::int64_t rank = 0;  // -(10 * priority + 1 if suspended)
    std::uint64_t number = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  Key push(const TaskId& task, std::int32_t priority, bool suspended) {
    const Key key{-(std::int64_t{10} * priority + (suspended ? 1 : 0)), next_number_++};
    entries_.emplace(key, task);
    return key;
  }
  // Back to the place it had.
  void put_back(const TaskId& task, Key key) { entries_.emplace(key, task); }
  bool erase(Key key) { return entries_.erase(key) == 1; }

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const std::map<Key, TaskId>& entries() const { return entries_; }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::map<Key, TaskId> entries_;
  std::uint64_t next_number_ = 0;
};

}  // namespace scaler::agent
