#pragma once

#include <memory>

#include "scaler/base/session.hpp"

namespace scaler::ymq {

enum class Dialect : std::uint8_t {
  magic,  // "YMQ" 01, then length-prefixed frames: 2.0.9 and later
  plain,  // no magic, otherwise the same: object storage of 1.12.28
};

struct Options {
  Dialect dialect = Dialect::magic;
  Bytes identity;  // the first frame we send, at once, without waiting for the peer
  SessionLimits limits;
};

// One YMQ connection, either side of it: magic and identity each way, then frames of 8 bytes
// little-endian length and body. A frame of length 0 is a message with an empty payload.
std::unique_ptr<Session> make_session(Options options);

}  // namespace scaler::ymq
