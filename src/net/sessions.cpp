#include "net/sessions.hpp"

#include "scaler/base/random.hpp"
#include "scaler/ymq/session.hpp"
#include "scaler/ymq/websocket.hpp"
#include "scaler/zmtp/session.hpp"

namespace scaler::net {

std::unique_ptr<Session> make_session(Protocol protocol, SocketType local,
                                      std::string_view identity, const TransportLimits& limits) {
  const SessionLimits session_limits{limits.message_bytes_max, limits.identity_bytes_max};
  Bytes own = Bytes::copy_of(identity);
  if (protocol == Protocol::zmtp) {
    zmtp::Options options;
    options.local = local;
    options.identity = std::move(own);
    options.limits = session_limits;
    return zmtp::make_session(std::move(options));
  }
  ymq::Options options;
  options.dialect = protocol == Protocol::store_1_12 ? ymq::Dialect::plain : ymq::Dialect::magic;
  options.identity = std::move(own);
  options.limits = session_limits;
  auto session = ymq::make_session(std::move(options));
  if (protocol != Protocol::websocket) return session;
  return ymq::make_websocket({}, std::move(session));
}

std::unique_ptr<Session> make_websocket_to(const Address& server, std::string_view identity,
                                           const TransportLimits& limits) {
  ymq::WebSocketOptions options;
  options.side = ymq::WebSocketOptions::Side::client;
  options.host = server.host_and_port();
  options.path = server.path;
  options.random = Random::from_system();
  return ymq::make_websocket(std::move(options),
                             make_session(Protocol::ymq, SocketType::dealer, identity, limits));
}

std::shared_ptr<tls::Context> tls_without_certificate() {
  return tls::Context::make(std::nullopt, 0).value();  // there is nothing that could be wrong
}

Duration patience_or_limit(Duration patience, const TransportLimits& limits) {
  return patience > Duration::zero() ? patience
                                     : Duration(std::chrono::seconds(limits.handshake_seconds_max));
}

}  // namespace scaler::net
