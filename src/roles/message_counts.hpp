#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "scaler/wire/messages.hpp"

namespace scaler::roles {

// Messages since start, by kind, as the monitor's status message lists them. Modulo 2^32, the width
// on the wire.
class MessageCounts {
 public:
  static constexpr std::size_t unknown = ~std::size_t{0};  // counted nowhere
  void count(std::size_t kind) {
    if (kind < counts_.size()) ++counts_[kind];
  }

  std::vector<wire::StateScheduler::MessageCount> list() const {
    std::vector<wire::StateScheduler::MessageCount> seen;
    for (std::size_t kind = 0; kind < counts_.size(); ++kind)
      if (counts_[kind] > 0) seen.push_back({wire::kind_name(kind), counts_[kind]});
    return seen;
  }

 private:
  std::array<std::uint32_t, std::variant_size_v<wire::Message>> counts_{};
};

}  // namespace scaler::roles
