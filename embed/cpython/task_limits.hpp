#pragma once

#include <cstdint>

#include "scaler/base/result.hpp"

// How much memory and processor time one task may use. One set per process, as resource limits and
// signals are.
//
// Memory: an allocation beyond the limit fails, which Python tells as MemoryError. What counts is
// the private writable memory of the whole process (RLIMIT_DATA), the interpreter's own included.
//
// Processor time, of all threads: at the limit SIGXCPU comes, whose Python-level handler may raise.
// A task that does not end in another second of processor time ends its process by that signal, and
// one that blocked it is killed yet a second later.
namespace scaler::embed::task_limits {

// Call with the GIL held, in the main thread, after the fork. 0: no such limit.
Status install(std::uint64_t memory_bytes, std::uint32_t cpu_seconds);

// From now on the limits hold. Neither costs a system call if there is no limit.
void begin();
// They do not any more. Idempotent.
void end();

// Whether the processor time of the task that runs is used up.
bool cpu_used_up();

}  // namespace scaler::embed::task_limits
