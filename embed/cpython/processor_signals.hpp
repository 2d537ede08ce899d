#pragma once

#include "scaler/base/result.hpp"

// SIGUSR1 and SIGTERM of a processor. One per process, as signals are.
//
// SIGUSR1 suspends the main thread, between two bytecodes, until the agent adds one to the resume
// descriptor (an eventfd in semaphore mode). Each signal waits for a resume of its own, and a
// resume that comes first is kept. SIGTERM is noted; the loop ends when no task runs.
namespace scaler::embed::processor_signals {

// Call with the GIL held, in the main thread, after the fork. `native_module` offers `suspend`.
Status install(int resume_descriptor);

bool termination_wanted();
// Readable when a signal came; clear_wake() before looking at what it was.
int wake_descriptor();
void clear_wake();

// The body of the Python-level handler. GIL held; released while it waits.
void wait_while_suspended();

}  // namespace scaler::embed::processor_signals
