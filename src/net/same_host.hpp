#pragma once

#include <optional>
#include <string>

#include "net/listener.hpp"
#include "scaler/base/bytes.hpp"
#include "scaler/net/router.hpp"

namespace scaler::net {

// Bytes between two programs on one host travel through a Unix socket at a third of TCP's cost. A
// server that has one says its name behind its identity, which no release of the peer looks at. The
// name is random and abstract, so that it means something on the server's host and in its network
// namespace alone: anywhere else connecting fails at once, and TCP stays. Who could connect to the
// TCP port hears the name there, and nobody else.

// "scaler-" and 32 random hexadecimal digits: a name within the abstract namespace.
Result<BoundSocket> bind_same_host();

// The identity with the name of `bound` behind it; without, where that would be too long.
std::string offer_same_host(const std::string& identity, const Address& bound,
                            std::size_t identity_bytes_max,
                            Router::Files files = Router::Files::no);

// Whether an identity also says that the server passes memory files at that socket.
bool offers_files(ByteView identity);

// A socket connected to what the identity of a server offers, if that is here. At once: connecting
// to a name waits for nobody.
std::optional<Descriptor> meet_on_same_host(ByteView identity);

}  // namespace scaler::net
