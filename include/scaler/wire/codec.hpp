#pragma once

#include <optional>

#include "scaler/base/result.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::wire {

// One frame (a ZMTP message part or a YMQ frame) to one message. Checks the segment table, every
// pointer, every id's length and every enum; an error is always Errc::bad_message and names the
// message's kind, and the field where it is known. Never throws, never aborts, whatever the bytes;
// allocates at most a small multiple of the frame. Absent structs, lists and blobs are empty ones;
// the lists of a create are cut to the shortest. `dialect` says how to read a WorkerManagerCommand
// (only a manager receives one). Cost: about 0.2 us for a task.
Result<Message> decode(const Bytes& frame, ManagerDialect dialect = ManagerDialect::v2_0);

// The same, for a manager that does not know its scheduler's release: a command's layout tells it.
Result<Message> decode_for_manager(const Bytes& frame);

// One message to one frame: one segment, fields in schema order, as the peers write it.
Bytes encode(const Message& message);

// The place in the Message variant of what a frame holds, without decoding it: for counting what is
// forwarded. Nothing if the frame's root is not in its first segment, or the kind is unknown.
std::optional<std::size_t> kind_of(ByteView frame);

}  // namespace scaler::wire
