#include "scaler/manager/wishes.hpp"

#include <algorithm>

namespace scaler::manager {

std::uint64_t wanted_of(const std::vector<wire::DesiredTaskConcurrency>& requests,
                        const wire::Capabilities& own) {
  const auto offers = [&](const wire::Capability& needed) {
    return std::any_of(own.begin(), own.end(), [&](const wire::Capability& offered) {
      return offered.name == needed.name;
    });
  };
  std::uint64_t sum = 0;
  for (const wire::DesiredTaskConcurrency& request : requests)
    if (std::all_of(request.capabilities.begin(), request.capabilities.end(), offers))
      sum += request.task_concurrency;
  return sum;
}

}  // namespace scaler::manager
