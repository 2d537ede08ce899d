#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "scaler/base/address.hpp"
#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/base/limits.hpp"
#include "scaler/base/result.hpp"
#include "scaler/net/loop.hpp"

namespace scaler::tls {
class Context;
}

namespace scaler::net {

enum class Protocol : std::uint8_t { zmtp, ymq, store_1_12, websocket };  // the last: YMQ inside

// What a listening port is for; decides how the first bytes of a connection are read.
enum class PortKind : std::uint8_t {
  scheduler,  // ZMTP (router), YMQ or WebSocket, by the first byte
  store,  // YMQ or WebSocket by its four bytes; three zeros in places 1 to 3, or 250 ms of silence:
          // the framing of 1.12.28
};

// What a Router tells its owner. All calls come from the loop, none from inside Router::send.
class RouterEvents {
 public:
  virtual ~RouterEvents() = default;
  // The handshake is done. If another connection had this (non-empty) identity, on_peer_lost was
  // called for it just before.
  virtual void on_peer(PeerId peer, const Bytes& identity, Protocol protocol) = 0;
  virtual void on_message(PeerId peer, Bytes payload) = 0;
  virtual void on_peer_lost(PeerId peer,
                            std::string_view why) = 0;  // the last word about this PeerId
};

struct RouterOptions {
  PortKind kind = PortKind::scheduler;
  std::string identity;  // ours, as peers see it
  TransportLimits limits;
  Duration handshake_patience = Duration::zero();  // zero: limits.handshake_seconds_max
  std::shared_ptr<tls::Context> tls = {};  // with a certificate; to listen on tls and wss addresses
};

// A listening socket of many peers, as ZeroMQ's ROUTER and YMQ's binder. Messages to one peer keep
// their order; what is sent during a loop turn leaves in one writev per peer at the turn's end. A
// peer that breaks the protocol or a limit loses its connection, with one rate-limited log line;
// nobody else notices.
class Router {
 public:
  Router(Loop& loop, RouterOptions options, RouterEvents& events);
  ~Router();  // closes everything at once; on_peer_lost is not called

  // May be called for several addresses. Gives the address with the real port. Host names are
  // resolved here, before the loop runs. The error says what to do ("address in use by ..."). On a
  // tls or wss address all that comes is encrypted, or refused.
  Result<Address> listen(const Address& address);

  // Lets dealers of ours on this host come by a Unix socket instead of TCP: its name is told behind
  // our identity, to YMQ peers, and that files are to be had there, if so. A system that has no
  // such sockets is no failure.
  enum class Files : std::uint8_t { no, yes };
  void offer_same_host(Files files = Files::no);

  // Queues; a peer that is gone, or whose queue is past its limit, gets nothing (the latter is
  // dropped). False then.
  bool send(PeerId peer, Bytes payload);

  // Whether a peer is a program of this host and user that came by a Unix socket, and so can be
  // given files. Its dealer has to know what to do with them.
  bool passes_files(PeerId peer) const;
  // The same as send(), with the descriptor of `file` (Backing::descriptor) beside the payload.
  bool send_with_file(PeerId peer, Bytes payload, Bytes file);

  std::size_t queued_bytes(PeerId peer) const;
  // No message of a paused peer is delivered. The router does this by itself while what waits for a
  // peer is above write_queue_bytes_pause, for its own requests feed that: a peer that asks and
  // never reads must not cost more.
  void pause_reading(PeerId peer);
  void resume_reading(PeerId peer);

  // Ends a connection: after what is queued has been written (flush, at most `patience`), or at
  // once. on_peer_lost follows.
  void close(PeerId peer, Duration patience = Duration::zero());

  // Stops listening, writes what is queued for at most `patience`, then closes all and calls
  // on_closed, once, from the loop. Neither on_message nor on_peer_lost comes after this call.
  void shut_down(Duration patience, std::function<void()> on_closed);

  struct Counters {
    std::uint64_t connections = 0, messages_in = 0, messages_out = 0, bytes_in = 0, bytes_out = 0,
                  dropped_peers = 0;
  };
  const Counters& counters() const;
  std::size_t peers() const;  // those whose handshake is done

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::net
