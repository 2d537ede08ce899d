#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "scaler/base/result.hpp"

namespace scaler::embed {

// How the worker role starts the process that its processors are forked from. Every field has an
// option of the same name: `--control-fd 3 --worker-id ... --log-path a --log-path b`.
struct ZygoteOptions {
  int control_fd = -1;  // SOCK_SEQPACKET, connected to the agent
  std::string worker_id{};
  std::string scheduler_address{};
  std::string object_storage_address{};
  std::string preload{};     // "module:function(1)"; empty: none
  std::string python_env{};  // a virtual environment's folder; empty: $VIRTUAL_ENV, or none
  std::string python{};      // another interpreter, CPython 3.8 or later, to run instead of our own
  std::uint32_t gc_seconds = 30;
  std::uint64_t trim_bytes = std::uint64_t{1} << 30;
  std::uint64_t memory_limit = 0;  // bytes that a processor may hold while a task runs; 0: no limit
  std::uint32_t cpu_limit = 0;     // seconds of processor time for one task; 0: no limit
  std::string log_level = "INFO";
  std::vector<std::string> log_paths{};  // processors write to <path>-<pid>; empty: standard output
};

Result<ZygoteOptions> parse_zygote_options(int argc, const char* const* argv);
// The same, as the arguments of a command line without the program's name.
std::vector<std::string> zygote_arguments(const ZygoteOptions& options);

// Warms an interpreter up, then forks processors until the agent closes the control socket. Returns
// the exit code - in the zygote and, later, in each of the processors forked from it: the caller
// passes it to exit() in either case.
//
// Control socket, from the zygote: 'R' and the Python version when it is ready; 'X' and one line
// when it cannot work, then exit 1; 'E' and one line when one fork failed. From the agent: 'F', its
// own pid (u32 little-endian), and with SCM_RIGHTS the processor's end of the channel and its
// resume eventfd (EFD_SEMAPHORE). The agent has to be a child subreaper: the processor becomes its
// child.
//
// With agent::worker_mark_variable in its environment it outlives an agent that dies, to end what
// the agent's tasks have started.
//
// `start_python` starts the interpreter, if it does not run yet, and gives what ends it in order.
int run_zygote(const ZygoteOptions& options,
               const std::function<Result<std::function<void()>>()>& start_python);
void tell_zygote_failure(int control_fd, std::string_view reason);

// The hidden command: parses, then runs the embedded interpreter or becomes another one
// (options.python). A usage error is told on standard error, exit code 2.
int zygote_main(int argc, char** argv);

}  // namespace scaler::embed
