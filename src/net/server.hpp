#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/connection.hpp"
#include "net/deadlines.hpp"
#include "net/listener.hpp"
#include "scaler/base/limits.hpp"
#include "scaler/base/slot_map.hpp"
#include "scaler/net/router.hpp"
#include "scaler/tls/session.hpp"

namespace scaler::net {

// Who uses a Server: Router and Publisher.
class ServerUser {
 public:
  virtual ~ServerUser() = default;
  virtual std::unique_ptr<Session> make_session(Protocol protocol) = 0;
  virtual void on_event(PeerId id, SessionEvent event) = 0;
  virtual void on_room(PeerId id) = 0;  // ConnectionOwner::on_room, for ready peers
  // Of a ready peer; find() does not know it any more.
  virtual void on_lost(PeerId id, const Bytes& identity, std::string_view why) = 0;
};

struct ServerOptions {
  PortKind kind = PortKind::scheduler;
  TransportLimits limits;
  Duration handshake_patience = 30s;
  Duration silence_patience = 250ms;       // PortKind::store: then the peer waits for us
  std::shared_ptr<tls::Context> tls = {};  // for tls and wss addresses
};

// Listening sockets and their connections from accept to end: recognises the protocol, enforces
// limits, logs offences, shuts down. What is said on a ready connection is its user's business.
class Server final : private ConnectionOwner {
 public:
  struct Peer {
    std::unique_ptr<Connection> connection;
    Protocol protocol = Protocol::zmtp;
    bool ready = false;
    Bytes identity;
    std::unique_ptr<Timer> closing;
  };
  struct Counters {
    std::uint64_t connections = 0;
    std::uint64_t dropped_peers = 0;
  };

  Server(Loop& loop, ServerOptions options, ServerUser& user);
  ~Server() override;

  Result<Address> listen(const Address& address);
  Address listen(BoundSocket bound);
  Peer* find(PeerId id) { return peers_.find(id); }
  const Peer* find(PeerId id) const { return peers_.find(id); }
  void set_ready(PeerId id, Bytes identity);
  std::size_t ready_peers() const { return ready_peers_; }

  void remove(PeerId id);                    // at once; on_lost is not called
  void drop(PeerId id, std::string why);     // as an offence; on_lost follows
  void close(PeerId id, Duration patience);  // on_lost follows
  void shut_down(Duration patience, std::function<void()> on_closed);  // no on_lost from now on

  const Counters& counters() const { return counters_; }
  const Traffic& traffic() const { return traffic_; }

 private:
  Result<std::unique_ptr<Session>> on_first_bytes(PeerId id, ByteView bytes) override;
  void on_event(PeerId id, SessionEvent event) override;
  void on_room(PeerId id) override;
  void on_end(PeerId id, const End& end) override;

  void accept(Descriptor socket, bool is_encrypted);
  void speak_first(PeerId id);
  void expire_handshake(PeerId id);
  void log_offence(const std::string& who, std::string_view why);
  void finish_shut_down();

  Loop& loop_;
  ServerOptions options_;
  ServerUser& user_;
  Counters counters_;
  Traffic traffic_;
  std::size_t ready_peers_ = 0;
  bool shutting_down_ = false;
  std::function<void()> on_closed_;
  log::RateLimit offences_{10, 10s};
  Deadlines handshakes_;
  Deadlines silences_;
  Timer shut_down_timer_;
  Job closed_job_;
  SlotMap<PeerId, Peer> peers_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  Lifetime lifetime_;
};

}  // namespace scaler::net
