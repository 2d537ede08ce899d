#pragma once

#include <cstdint>
#include <vector>

#include "scaler/base/assert.hpp"
#include "scaler/wire/messages.hpp"

// Copies of small objects that travel with tasks and results (wire::Carried). They are a cache:
// when they would take more memory than is set aside for them, tasks go without.
namespace scaler::scheduler {

class CopyBudget {
 public:
  explicit CopyBudget(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // False: nothing was taken.
  [[nodiscard]] bool take(std::uint64_t bytes) {
    if (used_ + bytes > bytes_max_) return false;
    used_ += bytes;
    return true;
  }
  void give(std::uint64_t bytes) {
    SCALER_ASSERT(bytes <= used_, "more is given back than was taken");
    used_ -= bytes;
  }
  std::uint64_t used() const { return used_; }

 private:
  std::uint64_t bytes_max_;
  std::uint64_t used_ = 0;
};

// All copies that one task may take along.
constexpr std::uint64_t task_copies_bytes_max = 4 * std::uint64_t{wire::copy_bytes_max};

// What copies that are part of a waiting frame cost: nothing, while a message without them would
// be no smaller.
inline std::uint32_t cost_in_frame(const wire::Carried& carried) {
  constexpr std::uint64_t free_bytes = 256;
  std::uint64_t bytes = 0;
  for (const Bytes& copy : carried.copies) bytes += copy.size();
  return bytes <= free_bytes ? 0 : static_cast<std::uint32_t>(bytes);
}

// What copies that are slices of other frames keep alive.
inline std::uint32_t cost_alone(const std::vector<Bytes>& copies) {
  std::uint64_t bytes = 0;
  for (const Bytes& copy : copies) bytes += copy.footprint_bytes();
  return static_cast<std::uint32_t>(bytes);
}

}  // namespace scaler::scheduler
