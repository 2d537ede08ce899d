#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "scaler/base/assert.hpp"

namespace scaler {

// Values at stable places. A place that is used again gets a new generation, so an old handle finds
// nothing instead of its successor. Handle is any struct {index, generation}. All operations O(1);
// find() is valid until the next insert.
template <class Handle, class Value>
class SlotMap {
 public:
  Handle insert(Value value) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    slots_[index].value.emplace(std::move(value));
    ++size_;
    return Handle{index, slots_[index].generation};
  }

  Value* find(Handle handle) {
    if (handle.index >= slots_.size()) return nullptr;
    Slot& slot = slots_[handle.index];
    return slot.generation == handle.generation && slot.value ? &*slot.value : nullptr;
  }
  const Value* find(Handle handle) const { return const_cast<SlotMap*>(this)->find(handle); }

  Value take(Handle handle) {
    SCALER_ASSERT(find(handle), "take() of a handle that is gone");
    Slot& slot = slots_[handle.index];
    Value value = std::move(*slot.value);
    erase(handle);
    return value;
  }

  bool erase(Handle handle) {
    if (!find(handle)) return false;
    Slot& slot = slots_[handle.index];
    slot.value.reset();
    ++slot.generation;
    free_.push_back(handle.index);
    --size_;
    return true;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // fn(Handle, Value&) for every value; fn must not insert or erase.
  template <class Fn>
  void for_each(Fn&& fn) {
    for (std::uint32_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].value) fn(Handle{i, slots_[i].generation}, *slots_[i].value);
  }
  template <class Fn>
  void for_each(Fn&& fn) const {
    for (std::uint32_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].value) fn(Handle{i, slots_[i].generation}, *slots_[i].value);
  }

 private:
  struct Slot {
    std::optional<Value> value;
    std::uint32_t generation = 1;  // 0 is nobody's, so a default handle finds nothing
  };
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t size_ = 0;
};

}  // namespace scaler
