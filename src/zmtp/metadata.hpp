#pragma once

#include "scaler/base/session.hpp"

namespace scaler::zmtp {

// ZMTP 3.1, RFC 37, "metadata": what each side says about itself in READY, as properties of a name
// (1 to 255 bytes, any case) and a value.
struct Metadata {
  SocketType socket_type = SocketType::router;
  Bytes identity;
  bool speaks_scaler = false;
};

// libzmq's order: Socket-Type, then Identity by those who have one (router, dealer), then ours.
Bytes make_metadata(const Metadata& ours);

// What a peer says to us. The error names what is malformed, or the two socket types that do not
// talk to each other.
Result<PeerReady> parse_metadata(ByteView data, SocketType local, std::size_t identity_bytes_max);

}  // namespace scaler::zmtp
