#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "scaler/base/address.hpp"
#include "scaler/base/bytes.hpp"
#include "scaler/base/limits.hpp"
#include "scaler/base/session.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/router.hpp"

namespace scaler::tls {
class Context;
}

namespace scaler::net {

class DealerEvents {
 public:
  virtual ~DealerEvents() = default;
  virtual void on_connected() = 0;  // each time the handshake is done
  virtual void on_message(Bytes payload) = 0;
  virtual void on_disconnected(
      std::string_view why) = 0;  // also after a failed attempt; a retry follows unless stopped
};

struct DealerOptions {
  Address address;
  std::string identity;
  // To a tls, ws or wss address it is YMQ, whatever this says.
  Protocol protocol = Protocol::zmtp;
  SocketType socket_type = SocketType::dealer;  // or sub: hears everything, and must not send
  bool tries_both_protocols = false;  // an attempt that met the wrong one is followed by the other
  // Of a store: listen so long before speaking `protocol`, and speak what the server does. The
  // server of 1.12.28 speaks first, in a framing of its own, and would take our first bytes for a
  // length.
  Duration listen_first = Duration::zero();
  // A server of ours on this host that offers it is met at its Unix socket, before on_connected.
  // What goes wrong there is nobody's business: then it is TCP.
  bool prefers_same_host = false;
  // What was sent and not handed to a connection that is lost is dropped with it: the owner says it
  // again.
  bool forgets_when_lost = false;
  std::shared_ptr<tls::Context> tls = {};  // what to show of ourselves if asked; none: nothing
  TransportLimits limits;
  Duration retry_first = 50ms;  // doubles up to retry_most, with jitter
  Duration retry_most = 2s;
  Duration handshake_patience = Duration::zero();  // zero: limits.handshake_seconds_max; the
                                                   // connection to each address included
};

// A connecting socket with one peer, as ZeroMQ's DEALER, YMQ's connector, or a store client
// (protocol ymq). Connects at once and for ever again with back-off. What is sent while not
// connected is queued and leaves after the handshake, up to write_queue_bytes_max; what had been
// handed to a broken connection is lost.
class Dealer {
 public:
  Dealer(Loop& loop, DealerOptions options, DealerEvents& events);
  ~Dealer();
  bool send(Bytes payload);  // false: the queue is full, nothing was queued
  bool connected() const;
  bool on_same_host() const;  // connected through a Unix socket to a server of ours
  std::size_t queued_bytes() const;
  bool flush();  // now, not at the turn's end; true: the kernel has everything
  // Whether the server passes memory files on this connection: it is at its Unix socket, offers
  // them, and runs as our user.
  bool receives_files() const;
  // In on_message: the descriptor that came with it, by its file_number_of(). The caller's from now
  // on; -1: there is none.
  int take_descriptor(std::uint64_t file_number);
  void pause_reading();
  void resume_reading();
  // Writes what is queued for at most `patience`, closes, and calls on_closed. No reconnect.
  void shut_down(Duration patience, std::function<void()> on_closed);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::net
