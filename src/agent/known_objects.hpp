#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "scaler/base/ids.hpp"

namespace scaler::agent {

// What one processor has been given and not told to forget: oldest use first, bounded by the
// pickled size, since nothing else says how much memory the objects take there.
class KnownObjects {
 public:
  bool contains(const ObjectId& id) const {
    return places_.contains(id) || serializers_.contains(id);
  }
  void add(const ObjectId& id, std::uint64_t bytes) {
    entries_.emplace_back(id, bytes);
    places_.emplace(id, std::prev(entries_.end()));
    bytes_ += bytes;
  }
  // Small, one for each client, and never the first to go: they leave with their client.
  void add_serializer(const ObjectId& id) { serializers_.insert(id); }
  void touch(const ObjectId& id) {
    if (const auto found = places_.find(id); found != places_.end())
      entries_.splice(entries_.end(), entries_, found->second);
  }
  bool erase(const ObjectId& id) {
    if (serializers_.erase(id) == 1) return true;
    const auto found = places_.find(id);
    if (found == places_.end()) return false;
    bytes_ -= found->second->second;
    entries_.erase(found->second);
    places_.erase(found);
    return true;
  }
  // Forgets the oldest until the rest fits, but never one of the last `in_use` that were touched.
  std::vector<ObjectId> trim(std::uint64_t bytes_max, std::size_t objects_max, std::size_t in_use) {
    std::vector<ObjectId> forgotten;
    while ((bytes_ > bytes_max || entries_.size() > objects_max) && entries_.size() > in_use) {
      forgotten.push_back(entries_.front().first);
      erase(forgotten.back());
    }
    return forgotten;
  }
  std::size_t size() const { return entries_.size() + serializers_.size(); }

 private:
  using Entries = std::list<std::pair<ObjectId, std::uint64_t>>;
  Entries entries_;
  std::unordered_map<ObjectId, Entries::iterator> places_;
  std::unordered_set<ObjectId> serializers_;
  std::uint64_t bytes_ = 0;
};

}  // namespace scaler::agent
