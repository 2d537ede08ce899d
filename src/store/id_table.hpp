#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "scaler/base/ids.hpp"
#include "store/contents.hpp"
#include "store/id_hash.hpp"

namespace scaler::store {

// Which content each id names. A flat table with linear probing: one look-up touches one place of
// memory, where a map of nodes touches three. Between 48 and 96 bytes for each id; it grows and
// shrinks by copying, so one insert in many costs O(size).
class IdTable {
 public:
  explicit IdTable(std::uint64_t hash_seed) : hash_{hash_seed} {}

  std::optional<Contents::Handle> find(const ObjectId& id) const;
  // The content that `id` named before, if any.
  std::optional<Contents::Handle> put(const ObjectId& id, Contents::Handle content);
  std::optional<Contents::Handle> erase(const ObjectId& id);
  std::size_t size() const { return size_; }

  // fn(const ObjectId&, Contents::Handle) for every id, in no order.
  template <class Fn>
  void for_each(Fn&& fn) const {
    for (const Slot& slot : slots_)
      if (slot.content != empty) fn(slot.id, slot.content);
  }

 private:
  static constexpr Contents::Handle empty = UINT32_MAX;
  static constexpr std::size_t slots_least = 64;
  struct Slot {
    ObjectId id;
    Contents::Handle content = empty;
  };

  std::size_t mask() const { return slots_.size() - 1; }
  std::size_t home_of(const ObjectId& id) const { return hash_(id) & mask(); }
  std::size_t place_of(const ObjectId& id) const;  // its slot, or the empty one where it would go
  void close_gap(std::size_t gap);
  void resize(std::size_t slots);

  IdHash hash_;
  std::vector<Slot> slots_;  // none, or a power of two, never full
  std::size_t size_ = 0;
};

}  // namespace scaler::store
