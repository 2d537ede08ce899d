#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scaler/config/options.hpp"

namespace scaler::roles {

// The shell line by which a unit of a cloud runs its workers: a fixed native manager, of ours or of
// opengris-scaler from 2.0 on. `type` names the workers, so that each says which unit it is on.
std::string unit_command(const config::WorkerManagerOptions& options, std::string_view type,
                         std::uint64_t workers);

// One word of a shell line, whatever is in it.
std::string shell_word(std::string_view text);

}  // namespace scaler::roles
