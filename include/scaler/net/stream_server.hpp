#pragma once

#include <functional>
#include <memory>

#include "scaler/base/address.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/base/result.hpp"
#include "scaler/base/session.hpp"
#include "scaler/net/loop.hpp"

namespace scaler::net {

// Listens for peers that ask and are answered, each on a session without a handshake, as HTTP's.
// Bounded: at most `peers_max` connections, each for at most `lifetime`, after which it is closed,
// unless its session has said PeerReady: what began then lasts. A session that says MessageIgnored
// has said its last word; its connection is closed gently.
class StreamServer {
 public:
  struct Options {
    std::size_t peers_max = 256;
    Duration lifetime = 60s;
  };
  struct Events {
    std::function<std::unique_ptr<Session>()> make_session;
    std::function<void(PeerId peer, Bytes message)> on_message;
    std::function<void(PeerId peer)> on_ready = {};
    std::function<void(PeerId peer)> on_gone = {};  // of one that was ready
  };
  StreamServer(Loop& loop, Options options, Events events);
  ~StreamServer();

  Result<Address> listen(const Address& address);  // with the real port

  enum class After : std::uint8_t { keep, close };  // what becomes of the connection
  void send(PeerId peer, Bytes message, After after);
  std::size_t queued_bytes(PeerId peer) const;  // of what was sent; 0 when it has gone
  void drop(PeerId peer);                       // without waiting for what is queued

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::net
