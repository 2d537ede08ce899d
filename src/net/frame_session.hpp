#pragma once

#include <memory>

#include "scaler/base/session.hpp"

namespace scaler::net {

// Length-prefixed frames (8 bytes little-endian, then the body) without any handshake: what an
// agent and its processor speak. Says MessageReceived only.
std::unique_ptr<Session> make_frame_session(std::uint64_t frame_bytes_max);

}  // namespace scaler::net
