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
  ++size_;
}

void LoadBuckets::remove(WorkerTable& workers, Index worker) {
  const std::uint32_t at = workers[worker].bucket_load;
  buckets_[at].remove(workers, worker);
  if (buckets_[at].empty()) used_[at / 64] &= ~(std::uint64_t{1} << (at % 64));
  --size_;
}

Index LoadBuckets::lowest() const {
  for (std::size_t word = 0; size_ > 0 && word < used_.size(); ++word)
    if (used_[word] != 0)
      return buckets_[word * 64 + static_cast<std::size_t>(std::countr_zero(used_[word]))].head;
  return none;
}

}  // namespace scaler::scheduler
