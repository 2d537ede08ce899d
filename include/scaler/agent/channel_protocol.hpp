#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/base/result.hpp"

// What an agent and its processor say to each other, over a stream of length-prefixed frames (8
// bytes little-endian, then the body; the first body byte is the kind). Both ends are the same
// program, so there are no versions. Private: never on a network.
namespace scaler::agent {

// In the environment of the zygote, and so of all that tasks start: whose they are. Its value is
// another one for each agent.
inline constexpr const char* worker_mark_variable = "SCALER_WORKER_MARK";

// ---- agent to processor ----

struct GiveObject {  // always before the first RunTask that names it; the processor unpickles it at
                     // first use
  ObjectId id;
  Bytes payload;
};
struct GiveFile {  // the same, its bytes in a memory file whose descriptor comes beside the frame;
                   // FileDone, or FileMissing, says when the processor does not see it any more
  ObjectId id;
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  std::uint64_t inode = 0;  // of the descriptor (file_number_of)
};
struct LendFile {            // the answer to WantFile; the descriptor comes beside it
  std::uint64_t number = 0;  // 0: there is none to be had
  std::uint64_t inode = 0;
};
struct GiveSerializer {  // the pickled serializer of a client; replaces an older one
  Bytes client;
  Bytes payload;
};
struct ForgetObjects {
  std::vector<ObjectId> ids;
};
struct RunTask {
  TaskId id;
  Bytes client;               // identity of the task's source
  std::int32_t priority = 0;  // a client made inside the task submits with priority + 1
  bool stream_output = false;
  ObjectId function;
  std::vector<ObjectId> arguments;
};

// ---- processor to agent ----

struct ProcessorStarted {  // the first frame, straight after the fork
  std::uint32_t pid = 0;
};
struct ProcessorReady {        // preload done; tasks may come
  std::string python_version;  // "3.11.2"
};
struct ProcessorFailed {  // it cannot work (preload, missing module) and ends; one line for the log
  std::string reason;
};
struct ProcessorLeaves {};  // by a SIGTERM; it has not begun, and will not begin, what it was given
struct TaskFinished {
  TaskId id;
  bool failed = false;  // payload is then a pickled exception
  Bytes payload;
  std::string failure;  // failed: "ZeroDivisionError: division by zero" and the traceback, for the
                        // worker's log
  // What the task cost, measured where it ran; 0: not measured.
  float cpu_seconds = 0;                // user and system, of the whole process
  std::uint64_t memory_peak_bytes = 0;  // peak resident memory above that at the task's start
  std::uint64_t file = 0;               // not 0: the payload is in this lent file, which is closed
  std::uint64_t file_bytes = 0;
};
struct WantFile {  // room for a result; LendFile follows, at once or soon
  std::uint64_t bytes = 0;
};
struct FileDone {
  std::uint64_t number = 0;
  bool unsure = false;  // a forked child may see it still
};
struct FileMissing {  // a GiveFile came without its file: GiveObject has to follow
  ObjectId id;
  std::uint64_t number = 0;
};
struct TaskOutput {  // only if stream_output; whole lines, or what there was when the task ended
  TaskId id;
  bool is_stderr = false;
  std::string text;
};

using ToProcessor =
    std::variant<GiveObject, GiveFile, LendFile, GiveSerializer, ForgetObjects, RunTask>;
using FromProcessor = std::variant<ProcessorStarted, ProcessorReady, ProcessorFailed, TaskFinished,
                                   TaskOutput, ProcessorLeaves, WantFile, FileDone, FileMissing>;

// Frame bodies, without the length prefix. Decoded payloads are slices of the frame. User code can
// write to the processor's descriptor, so decoding trusts nothing: an error is Errc::bad_message
// and names the kind and the field; text that is not UTF-8 has its wrong bytes replaced.
Bytes encode(const ToProcessor& message);
Bytes encode(const FromProcessor& message);
Result<ToProcessor> decode_to_processor(const Bytes& frame);
Result<FromProcessor> decode_from_processor(const Bytes& frame);

}  // namespace scaler::agent
