#pragma once

#include <cstdint>
#include <vector>

#include "scaler/wire/messages.hpp"

namespace scaler::manager {

// How many workers a scheduler of 2.6 wishes for from a manager whose workers offer `own`: the sum
// of what asks for nothing that they do not have.
std::uint64_t wanted_of(const std::vector<wire::DesiredTaskConcurrency>& requests,
                        const wire::Capabilities& own);

}  // namespace scaler::manager
