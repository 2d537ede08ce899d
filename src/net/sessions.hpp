#pragma once

#include <memory>
#include <string_view>

#include "scaler/base/address.hpp"
#include "scaler/base/limits.hpp"
#include "scaler/base/session.hpp"
#include "scaler/net/router.hpp"
#include "scaler/tls/context.hpp"

namespace scaler::net {

// The machine that speaks `protocol` within `limits`; `local` matters to ZMTP only.
// Of a WebSocket it is the server's side.
std::unique_ptr<Session> make_session(Protocol protocol, SocketType local,
                                      std::string_view identity, const TransportLimits& limits);
// The client's side of one, to a ws address.
std::unique_ptr<Session> make_websocket_to(const Address& server, std::string_view identity,
                                           const TransportLimits& limits);

// For those who connect and show nothing of themselves.
std::shared_ptr<tls::Context> tls_without_certificate();

// What is handed to a connection is lost when it breaks, so little is handed over at once.
inline constexpr std::size_t handed_over_bytes = std::size_t{256} << 10;

Duration patience_or_limit(Duration patience, const TransportLimits& limits);

}  // namespace scaler::net
