#include "net/sessions.hpp"

#include "scaler/ymq/session.hpp"
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
  options.dialect = protocol == Protocol::ymq ? ymq::Dialect::magic : ymq::Dialect::plain;
  options.identity = std::move(own);
  options.limits = session_limits;
  return ymq::make_session(std::move(options));
}

Duration patience_or_limit(Duration patience, const TransportLimits& limits) {
  return patience > Duration::zero() ? patience
                                     : Duration(std::chrono::seconds(limits.handshake_seconds_max));
}

}  // namespace scaler::net
