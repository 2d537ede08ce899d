#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "scaler/base/ids.hpp"
#include "scheduler/intrusive.hpp"

namespace scaler::scheduler {

// Ids are made by peers, so their hash has a key that peers do not know: nobody can choose ids that
// collide. The core is a 64 x 64 -> 128 bit product, folded.
struct KeyedHash {
  std::uint64_t key = 0;

  template <class Id>
  std::size_t operator()(const Id& id) const noexcept {
    static_assert(Id::size % 16 == 0);
    std::uint64_t state = key ^ 0x9e3779b97f4a7c15U;
    for (std::size_t at = 0; at < Id::size; at += 16) {
      std::uint64_t low;
      std::uint64_t high;
      std::memcpy(&low, id.bytes.data() + at, 8);
      std::memcpy(&high, id.bytes.data() + at + 8, 8);
      state = fold(low ^ state, high ^ (state * 0xd6e8feb86659fd93U + key));
    }
    return static_cast<std::size_t>(state);
  }

 private:
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{a | 1} * (b | 1) + a;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
};

// From id to place in a pool: open addressing, linear probing, 8 bytes per slot and at most 7/8 of
// the slots used. The slot remembers 32 bits of the hash, so a search touches (nearly) only the
// record it looks for, and growing touches no record at all.
class IdIndex {
 public:
  explicit IdIndex(std::uint64_t key) : hash_{key} {}

  template <class Id, class Records>
  Index find(const Id& id, const Records& records) const {
    if (slots_.empty()) return none;
    const auto tag = tag_of(id);
    for (std::size_t at = tag & mask();; at = (at + 1) & mask()) {
      if (slots_[at].index == none) return none;
      if (slots_[at].tag == tag && records[slots_[at].index].id == id) return slots_[at].index;
    }
  }

  // `id` must not be there yet.
  template <class Id>
  void insert(const Id& id, Index index) {
    if ((size_ + 1) * 8 > slots_.size() * 7) grow();
    place({index, tag_of(id)});
    ++size_;
  }

  template <class Id>
  void erase(const Id& id, Index index) {
    std::size_t at = tag_of(id) & mask();
    while (slots_[at].index != index) {
      SCALER_ASSERT(slots_[at].index != none, "erase() of an id that is not there");
      at = (at + 1) & mask();
    }
    close_gap(at);
    --size_;
  }

  // This id will be looked for soon. Always inlined: a call of a function that only prefetches has
  // no effect that GCC knows of, and is left out.
  template <class Id>
  [[gnu::always_inline]] void prefetch(const Id& id) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[tag_of(id) & mask()]);
  }

  std::size_t size() const { return size_; }

 private:
  struct Slot {
    Index index = none;
    std::uint32_t tag = 0;
  };
  using Slots = std::vector<Slot, LargeAllocator<Slot>>;
  std::size_t mask() const { return slots_.size() - 1; }
  template <class Id>
  std::uint32_t tag_of(const Id& id) const {
    return static_cast<std::uint32_t>(hash_(id));
  }
  void place(Slot slot) {
    std::size_t at = slot.tag & mask();
    while (slots_[at].index != none) at = (at + 1) & mask();
    slots_[at] = slot;
  }
  void grow() {
    Slots old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.index != none) place(slot);
  }
  // Moves later slots of the same run back, so that no search ends too early.
  void close_gap(std::size_t gap) {
    for (std::size_t at = (gap + 1) & mask(); slots_[at].index != none; at = (at + 1) & mask()) {
      const std::size_t home = slots_[at].tag & mask();
      if (((at - home) & mask()) >= ((at - gap) & mask())) {
        slots_[gap] = slots_[at];
        gap = at;
      }
    }
    slots_[gap] = {};
  }

  KeyedHash hash_;
  Slots slots_;
  std::size_t size_ = 0;
};

}  // namespace scaler::scheduler
