#include "store/contents.hpp"

#include <utility>

#include "scaler/base/assert.hpp"

namespace scaler::store {

Contents::Handle Contents::add(Bytes bytes) {
  if (free_.empty()) {
    SCALER_ASSERT(places_.size() < UINT32_MAX, "more contents than handles");
    free_.push_back(static_cast<Handle>(places_.size()));
    places_.emplace_back();
  }
  const Handle content = free_.back();
  free_.pop_back();
  total_bytes_ += bytes.size();
  places_[content].bytes = std::move(bytes);
  return content;
}

void Contents::name(Handle content) { ++places_[content].names; }

void Contents::unname(Handle content) {
  Place& place = places_[content];
  SCALER_ASSERT(place.names > 0, "unname() of a content without names");
  if (--place.names > 0) return;
  total_bytes_ -= place.bytes.size();
  place.bytes = Bytes();
  free_.push_back(content);
}

const Bytes& Contents::bytes_of(Handle content) const { return places_[content].bytes; }
std::uint64_t Contents::names_of(Handle content) const { return places_[content].names; }

void Contents::check_invariants() const {
  std::uint64_t bytes = 0;
  std::uint64_t unnamed = 0;
  for (const Place& place : places_) {
    bytes += place.bytes.size();
    if (place.names == 0) {
      ++unnamed;
      SCALER_ASSERT(place.bytes.empty(), "a free place keeps bytes alive");
    }
  }
  SCALER_ASSERT(bytes == total_bytes_, "total_bytes is the sum of the contents");
  SCALER_ASSERT(unnamed == free_.size(), "exactly the unnamed places are free");
}

}  // namespace scaler::store
