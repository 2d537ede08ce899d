#include <algorithm>
#include <bit>

#include "scheduler/placement.hpp"

namespace scaler::scheduler {

void LoadBuckets::insert(WorkerTable& workers, Index worker) {
  const std::uint32_t at = std::min(workers[worker].load(), bucket_last);
  workers[worker].bucket_load = at;
  if (at >= buckets_.size()) {
    buckets_.resize(at + 1);
    used_.resize(at / 64 + 1);
  }
  buckets_[at].push_back(workers, worker);
  used_[at / 64] |= std::uint64_t{1} << (at % 64);
  first_used_ = std::min<std::size_t>(first_used_, at / 64);
  ++size_;
}

void LoadBuckets::remove(WorkerTable& workers, Index worker) {
  const std::uint32_t at = workers[worker].bucket_load;
  buckets_[at].remove(workers, worker);
  if (buckets_[at].empty()) used_[at / 64] &= ~(std::uint64_t{1} << (at % 64));
  --size_;
}

Index LoadBuckets::lowest() const {
  if (size_ == 0) return none;
  while (used_[first_used_] == 0) ++first_used_;
  const auto bit = static_cast<std::size_t>(std::countr_zero(used_[first_used_]));
  return buckets_[first_used_ * 64 + bit].head;
}

}  // namespace scaler::scheduler
