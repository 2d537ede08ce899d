#pragma once

#include <optional>

#include "scaler/base/bytes.hpp"

namespace scaler::scheduler {

// A frame as it waits: about half of a task's message is zeros (pointers, padding), and a million
// of them wait in memory. With a pattern, a frame of the same length, only what differs from it is
// kept. Nothing when packing would save less than an eighth.
std::optional<Bytes> pack_frame(ByteView frame, ByteView pattern = {});

// The frame again, bit for bit; `packed` is what pack_frame gave for this pattern.
Bytes unpack_frame(ByteView packed, ByteView pattern = {});

}  // namespace scaler::scheduler
