#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/store/shelf.hpp"

namespace scaler::store {

// The distinct contents, each held once however many ids name it. A content without a name goes at
// once: the count of names is the count of references.
//
// With a limit, at most so many bytes are in memory. Whatever would pass it moves contents to the
// shelf: those of spill_large_bytes and more first, the one that was looked at longest ago before
// the others. A content on the shelf is read from there, each time. Without a shelf nothing moves.
class Contents {
 public:
  using Handle = std::uint32_t;
  struct Limits {
    std::uint64_t memory_bytes_max = 0;  // 0: no limit
    Shelf* shelf = nullptr;              // outlives this; may be none
  };
  static constexpr std::size_t spill_large_bytes = std::size_t{1} << 20;
  // What is smaller never moves: it would cost a file and save next to nothing.
  static constexpr std::size_t spill_least_bytes = std::size_t{16} << 10;

  explicit Contents(Limits limits) : limits_(limits) {}

  // No name yet: name() must follow. Nothing: there is no room. `replaced` is about to lose its
  // last name, so its memory counts as free. O(1) and O(moved).
  std::optional<Handle> add(Bytes bytes, std::optional<Handle> replaced);
  void name(Handle content);
  void unname(Handle content);

  // Memory that counts as used, though no content has it yet: at most half of the limit. False:
  // there is no room, and none could be made.
  bool reserve(std::uint64_t bytes);
  void unreserve(std::uint64_t bytes) { reserved_bytes_ -= bytes; }

  // Nothing: the shelf failed.
  std::optional<Bytes> first(Handle content, std::uint64_t bytes_wanted);
  std::uint64_t names_of(Handle content) const { return places_[content].names; }

  std::uint64_t size() const { return places_.size() - free_.size(); }
  std::uint64_t total_bytes() const { return memory_bytes_ + shelved_bytes_; }
  std::uint64_t shelved_bytes() const { return shelved_bytes_; }
  std::uint64_t shelved() const { return shelved_; }  // contents that ever moved

  void check_invariants() const;

 private:
  static constexpr Handle nobody = ~Handle{0};
  // Those in memory that may move, the one looked at last in front.
  struct Order {
    Handle first = nobody;
    Handle last = nobody;
  };
  struct Place {
    Bytes bytes;  // empty while on the shelf
    std::uint64_t names = 0;
    std::uint64_t shelved_bytes = 0;  // 0: not on the shelf
    Handle before = nobody;
    Handle after = nobody;
  };
  bool may_move(const Place& place) const {
    return limits_.shelf != nullptr && place.bytes.size() >= spill_least_bytes;
  }
  Order& order_of(const Place& place) {
    return place.bytes.size() >= spill_large_bytes ? large_ : small_;
  }
  Handle new_place();
  void push_front(Handle content);
  void unlink(Handle content);
  bool make_room(std::uint64_t bytes, std::optional<Handle> replaced);
  bool shelve(Handle content);

  Limits limits_;
  std::vector<Place> places_;
  std::vector<Handle> free_;
  Order large_;
  Order small_;
  std::uint64_t memory_bytes_ = 0;
  std::uint64_t reserved_bytes_ = 0;
  std::uint64_t shelved_bytes_ = 0;
  std::uint64_t shelved_ = 0;
};

}  // namespace scaler::store
