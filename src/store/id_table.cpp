#include "store/id_table.hpp"

#include <algorithm>
#include <utility>

#include "scaler/base/assert.hpp"

namespace scaler::store {

std::optional<Contents::Handle> IdTable::find(const ObjectId& id) const {
  if (size_ == 0) return std::nullopt;
  const Slot& slot = slots_[place_of(id)];
  if (slot.content == empty) return std::nullopt;
  return slot.content;
}

std::optional<Contents::Handle> IdTable::put(const ObjectId& id, Contents::Handle content) {
  SCALER_ASSERT(content != empty, "the handle that marks an empty slot");
  if ((size_ + 1) * 4 > slots_.size() * 3) resize(std::max(slots_least, slots_.size() * 2));
  Slot& slot = slots_[place_of(id)];
  const Contents::Handle before = std::exchange(slot.content, content);
  if (before != empty) return before;
  slot.id = id;
  ++size_;
  return std::nullopt;
}

std::optional<Contents::Handle> IdTable::erase(const ObjectId& id) {
  if (size_ == 0) return std::nullopt;
  const std::size_t place = place_of(id);
  const Contents::Handle before = slots_[place].content;
  if (before == empty) return std::nullopt;
  close_gap(place);
  --size_;
  if (slots_.size() > slots_least && size_ * 8 < slots_.size()) resize(slots_.size() / 2);
  return before;
}

std::size_t IdTable::place_of(const ObjectId& id) const {
  std::size_t place = home_of(id);
  while (slots_[place].content != empty && slots_[place].id != id) place = (place + 1) & mask();
  return place;
}

// Empties a slot and moves back whoever would not be found behind it any more, so that no marks of
// past ids pile up.
void IdTable::close_gap(std::size_t gap) {
  for (std::size_t place = (gap + 1) & mask(); slots_[place].content != empty;
       place = (place + 1) & mask()) {
    const std::size_t from_home = (place - home_of(slots_[place].id)) & mask();
    if (from_home < ((place - gap) & mask())) continue;
    slots_[gap] = slots_[place];
    gap = place;
  }
  slots_[gap] = Slot();
}

void IdTable::resize(std::size_t slots) {
  std::vector<Slot> old(slots);
  old.swap(slots_);
  for (const Slot& slot : old)
    if (slot.content != empty) slots_[place_of(slot.id)] = slot;
}

}  // namespace scaler::store
