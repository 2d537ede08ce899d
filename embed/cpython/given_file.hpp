#pragma once

#include <optional>

#include "embed/cpython/frame_channel.hpp"
#include "scaler/agent/channel_protocol.hpp"
#include "scaler/base/bytes.hpp"

namespace scaler::embed {

// The object of a GiveFile, mapped from the file that came with it; the agent is told when nobody
// here sees it any more. Nothing: the file is not here. The channel outlives the bytes.
std::optional<Bytes> take_given_file(FrameChannel& channel, const agent::GiveFile& given);

}  // namespace scaler::embed
