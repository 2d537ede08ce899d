#pragma once

#include <memory>
#include <string>

#include "scaler/base/random.hpp"
#include "scaler/base/session.hpp"

namespace scaler::ymq {

struct WebSocketOptions {
  enum class Side : std::uint8_t { server, client };
  Side side = Side::server;
  std::string host;  // client: host:port of the server
  std::string path = "/";
  Random random{0};  // client: the key and the masks; seed it from the system
};

// RFC 6455 around another session, whose bytes travel in binary frames; where one frame ends means
// nothing. Version 13, no extension, no subprotocol. Pings are answered; a close is answered, and
// nothing after it is heard. What `inner` says first waits for the upgrade.
std::unique_ptr<Session> make_websocket(WebSocketOptions options, std::unique_ptr<Session> inner);

}  // namespace scaler::ymq
