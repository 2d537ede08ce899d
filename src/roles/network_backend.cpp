#include "roles/network_backend.hpp"

#include "scaler/base/log.hpp"

namespace scaler::roles {

net::Protocol first_protocol(std::optional<std::string_view> backend) {
  if (!backend || *backend == "zmq" || *backend == "tcp_zmq") return net::Protocol::zmtp;
  if (*backend == "ymq") return net::Protocol::ymq;
  log::warning("SCALER_NETWORK_BACKEND is '{}', not ymq, zmq or tcp_zmq: ignored", *backend);
  return net::Protocol::zmtp;
}

}  // namespace scaler::roles
