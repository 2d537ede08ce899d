#pragma once

#include <optional>
#include <string_view>

#include "scaler/net/router.hpp"

namespace scaler::roles {

// Which protocol a worker tries first with its scheduler, from the value of SCALER_NETWORK_BACKEND:
// "ymq"; "zmq" or "tcp_zmq", as without one. Any other value is warned about and counts as none.
net::Protocol first_protocol(std::optional<std::string_view> backend);

}  // namespace scaler::roles
