#pragma once

#include <cstdint>
#include <vector>

#include "scaler/base/bytes.hpp"

namespace scaler::store {

// The distinct contents, each held once however many ids name it. A content without a name goes at
// once: the count of names is the count of references. All operations O(1).
class Contents {
 public:
  using Handle = std::uint32_t;

  Handle add(Bytes bytes);  // no name yet: name() must follow
  void name(Handle content);
  void unname(Handle content);

  const Bytes& bytes_of(Handle content) const;
  std::uint64_t names_of(Handle content) const;

  std::uint64_t size() const { return places_.size() - free_.size(); }
  std::uint64_t total_bytes() const { return total_bytes_; }

  void check_invariants() const;

 private:
  struct Place {
    Bytes bytes;
    std::uint64_t names = 0;
  };
  std::vector<Place> places_;
  std::vector<Handle> free_;
  std::uint64_t total_bytes_ = 0;
};

}  // namespace scaler::store
