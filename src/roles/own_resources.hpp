#pragma once

#include <cstdint>

#include "scaler/base/time.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::roles {

// What this process uses, and what its host has left, read from /proc.
class OwnResources {
 public:
  struct Reading {
    wire::Resource
        process;  // CPU in thousandths of one core since the last reading, at most 1000; 0 at first
    std::uint64_t available_bytes = 0;  // of the host
  };
  Reading read(TimePoint now);

 private:
  TimePoint last_read_{};
  double last_cpu_seconds_ = 0;
};

// Raises the soft limit of open descriptors to the hard one, for a role whose peers are
// connections. Not for what runs user code: select() and old programs rely on the soft limit.
void raise_descriptor_limit();

}  // namespace scaler::roles
