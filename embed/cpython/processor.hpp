#pragma once

#include <sys/types.h>

#include "embed/cpython/zygote.hpp"

namespace scaler::embed {

// What a forked processor inherits.
struct ProcessorSeat {
  int channel = -1;  // a stream socket to the agent (channel_protocol.hpp); adopted
  int resume = -1;   // an eventfd in semaphore mode; adopted
  pid_t agent = 0;   // who is to become the parent
};

// The processor's whole life, in the main thread and with the GIL held: greets, preloads, runs
// tasks. Returns its exit code: 0 after the end of the channel or a SIGTERM between tasks, 1 if it
// could not work (the agent was told why).
int run_processor(const ProcessorSeat& seat, const ZygoteOptions& options);

}  // namespace scaler::embed
