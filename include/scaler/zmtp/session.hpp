#pragma once

#include <memory>
#include <string>

#include "scaler/base/session.hpp"

namespace scaler::zmtp {

struct Options {
  SocketType local = SocketType::router;
  Bytes identity;  // our routing id; sent in READY by router and dealer
  SessionLimits limits;
  bool announce_scaler =
      true;  // send the X-Scaler property, by which two of our own recognise each other
};

// One ZMTP 3.x connection (RFC 23 and 37), NULL mechanism, either side of it. Works with peers that
// greet 3.0 or 3.1. The greeting goes out at once; READY only after the peer's 64 bytes
// (libzmq 4.3.5 falls silent otherwise). A dealer or router sends each message as one part; a pub
// session answers subscriptions in both their forms; a sub session subscribes to everything and may
// not send(). PING is answered. For the listening side, feed the bytes that were read to pick the
// codec through receive_buffer() like any others.
std::unique_ptr<Session> make_session(Options options);

}  // namespace scaler::zmtp
