#include "store/contents.hpp"

#include <algorithm>
#include <utility>

#include "scaler/base/assert.hpp"

namespace scaler::store {

std::optional<Contents::Handle> Contents::add(Bytes bytes, std::optional<Handle> replaced) {
  const std::uint64_t size = bytes.size();
  const bool fits = make_room(size, replaced);
  if (!fits && (limits_.shelf == nullptr || size < spill_least_bytes)) return std::nullopt;
  const Handle content = new_place();
  places_[content].bytes = std::move(bytes);
  memory_bytes_ += size;
  if (may_move(places_[content])) push_front(content);
  if (fits || shelve(content)) return content;  // larger than all of memory: straight to the shelf
  unlink(content);
  memory_bytes_ -= size;
  places_[content].bytes = Bytes();
  free_.push_back(content);
  return std::nullopt;
}

Contents::Handle Contents::new_place() {
  if (free_.empty()) {
    SCALER_ASSERT(places_.size() < nobody, "more contents than handles");
    free_.push_back(static_cast<Handle>(places_.size()));
    places_.emplace_back();
  }
  const Handle content = free_.back();
  free_.pop_back();
  return content;
}

void Contents::name(Handle content) { ++places_[content].names; }

void Contents::unname(Handle content) {
  Place& place = places_[content];
  SCALER_ASSERT(place.names > 0, "unname() of a content without names");
  if (--place.names > 0) return;
  if (place.shelved_bytes > 0) {
    limits_.shelf->drop(content);
    shelved_bytes_ -= std::exchange(place.shelved_bytes, 0);
  } else {
    if (may_move(place)) unlink(content);
    memory_bytes_ -= place.bytes.size();
    place.bytes = Bytes();
  }
  free_.push_back(content);
}

std::optional<Bytes> Contents::first(Handle content, std::uint64_t bytes_wanted) {
  Place& place = places_[content];
  const std::uint64_t size = std::max<std::uint64_t>(place.bytes.size(), place.shelved_bytes);
  const auto length = static_cast<std::size_t>(std::min(size, bytes_wanted));
  if (length == 0) return Bytes();
  if (place.shelved_bytes > 0) return limits_.shelf->first(content, length);
  if (may_move(place)) {
    unlink(content);
    push_front(content);
  }
  return place.bytes.slice(0, length);
}

bool Contents::reserve(std::uint64_t bytes) {
  const std::uint64_t most = limits_.memory_bytes_max;
  if (most > 0 && (bytes > most / 2 || reserved_bytes_ > most / 2 - bytes)) return false;
  if (!make_room(bytes, std::nullopt)) return false;
  reserved_bytes_ += bytes;
  return true;
}

// ---- moving to the shelf ----

bool Contents::make_room(std::uint64_t bytes, std::optional<Handle> replaced) {
  const std::uint64_t most = limits_.memory_bytes_max;
  if (most == 0) return true;
  if (bytes > most) return false;
  const auto staying = [&] {
    return memory_bytes_ + reserved_bytes_ - (replaced ? places_[*replaced].bytes.size() : 0);
  };
  while (staying() > most - bytes) {
    const Handle victim = large_.last != nobody ? large_.last : small_.last;
    if (victim == nobody || !shelve(victim)) return false;
  }
  return true;
}

bool Contents::shelve(Handle content) {
  Place& place = places_[content];
  if (!limits_.shelf->put(content, place.bytes)) return false;
  unlink(content);
  place.shelved_bytes = place.bytes.size();
  memory_bytes_ -= place.shelved_bytes;
  shelved_bytes_ += place.shelved_bytes;
  ++shelved_;
  place.bytes = Bytes();
  return true;
}

void Contents::push_front(Handle content) {
  Order& order = order_of(places_[content]);
  places_[content].before = nobody;
  places_[content].after = order.first;
  (order.first == nobody ? order.last : places_[order.first].before) = content;
  order.first = content;
}

void Contents::unlink(Handle content) {
  Place& place = places_[content];
  Order& order = order_of(place);
  (place.before == nobody ? order.first : places_[place.before].after) = place.after;
  (place.after == nobody ? order.last : places_[place.after].before) = place.before;
  place.before = place.after = nobody;
}

void Contents::check_invariants() const {
  std::uint64_t in_memory = 0;
  std::uint64_t on_shelf = 0;
  std::uint64_t unnamed = 0;
  std::uint64_t movable = 0;
  for (const Place& place : places_) {
    in_memory += place.bytes.size();
    on_shelf += place.shelved_bytes;
    movable += may_move(place) ? 1 : 0;
    SCALER_ASSERT(place.bytes.empty() || place.shelved_bytes == 0, "a content is in one place");
    if (place.names > 0) continue;
    ++unnamed;
    SCALER_ASSERT(place.bytes.empty() && place.shelved_bytes == 0, "a free place keeps bytes");
  }
  SCALER_ASSERT(in_memory == memory_bytes_ && on_shelf == shelved_bytes_, "bytes add up");
  SCALER_ASSERT(unnamed == free_.size(), "exactly the unnamed places are free");
  std::uint64_t listed = 0;
  for (const Order* order : {&large_, &small_})
    for (Handle at = order->first; at != nobody; at = places_[at].after) ++listed;
  SCALER_ASSERT(listed == movable, "what may move is listed");
  SCALER_ASSERT(
      limits_.memory_bytes_max == 0 || memory_bytes_ + reserved_bytes_ <= limits_.memory_bytes_max,
      "memory has a limit");
}

}  // namespace scaler::store
