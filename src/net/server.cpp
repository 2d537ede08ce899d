#include "net/server.hpp"

#include <fmt/format.h>

#include <utility>

#include "net/sniff.hpp"
#include "scaler/base/log.hpp"

namespace scaler::net {

Server::Server(Loop& loop, ServerOptions options, ServerUser& user)
    : loop_(loop),
      options_(std::move(options)),
      user_(user),
      handshakes_(loop, options_.handshake_patience, [this](PeerId id) { expire_handshake(id); }),
      silences_(loop, options_.silence_patience, [this](PeerId id) { speak_first(id); }),
      shut_down_timer_(loop, [this] { finish_shut_down(); }),
      closed_job_(loop, Job::When::next_turn, [this] { finish_shut_down(); }) {}

Server::~Server() = default;

Result<Address> Server::listen(const Address& address) {
  if (address.is_encrypted() && !(options_.tls && options_.tls->can_listen()))
    return Error{Errc::usage,
                 fmt::format("cannot listen on {}: it needs a certificate and its key (--tls-cert "
                             "and --tls-key)",
                             address.to_string())};
  SCALER_TRY(bound, bind_and_listen(address));
  return listen(std::move(bound));
}

Address Server::listen(BoundSocket bound) {
  Address real = bound.address;
  listeners_.push_back(std::make_unique<Listener>(
      loop_, std::move(bound), [this, is_encrypted = real.is_encrypted()](Descriptor socket) {
        accept(std::move(socket), is_encrypted);
      }));
  return real;
}

void Server::accept(Descriptor socket, bool is_encrypted) {
  ++counters_.connections;
  if (peers_.size() >= options_.limits.peers_max) {
    ++counters_.dropped_peers;
    return log_offence(describe_peer(socket.get()),
                       fmt::format("there are {} connections already, which is the limit",
                                   options_.limits.peers_max));
  }
  const PeerId id = peers_.insert(Peer{});
  std::unique_ptr<Session> session;  // without: the first bytes tell which
  if (is_encrypted)
    session = tls::make_server(options_.tls,
                               [this, id](ByteView bytes) { return on_first_bytes(id, bytes); });
  peers_.find(id)->connection = std::make_unique<Connection>(loop_, std::move(socket), id,
                                                             static_cast<ConnectionOwner&>(*this),
                                                             traffic_, std::move(session));
  handshakes_.add(id);
  if (options_.kind == PortKind::store) silences_.add(id);
}

Result<std::unique_ptr<Session>> Server::on_first_bytes(PeerId id, ByteView bytes) {
  SCALER_TRY(protocol, recognise(options_.kind, bytes));
  if (!protocol) return std::unique_ptr<Session>();
  Peer& peer = *peers_.find(id);
  peer.protocol = *protocol;
  if (*protocol == Protocol::websocket) peer.connection->acknowledge_at_once();
  return user_.make_session(*protocol);
}

// Object storage peers of 1.12.28 may read our identity before they say theirs.
void Server::speak_first(PeerId id) {
  Peer* peer = peers_.find(id);
  if (peer == nullptr || peer->connection->has_session() || peer->connection->heard_something() ||
      !peer->connection->open())
    return;
  peer->protocol = Protocol::store_1_12;
  peer->connection->start(user_.make_session(Protocol::store_1_12));
}

void Server::expire_handshake(PeerId id) {
  const Peer* peer = peers_.find(id);
  if (peer == nullptr || peer->ready) return;
  drop(id, fmt::format("no handshake within {} ms", options_.handshake_patience / 1ms));
}

void Server::set_ready(PeerId id, Bytes identity) {
  Peer* peer = peers_.find(id);
  if (peer == nullptr || peer->ready) return;
  peer->ready = true;
  peer->identity = std::move(identity);
  ++ready_peers_;
}

void Server::on_event(PeerId id, SessionEvent event) { user_.on_event(id, std::move(event)); }

void Server::on_room(PeerId id) {
  if (peers_.find(id)->ready) user_.on_room(id);
}

void Server::on_end(PeerId id, const End& end) {
  const End kept = end;  // it may live in the connection
  const Peer gone = peers_.take(id);
  if (gone.ready) --ready_peers_;
  if (kept.kind == End::Kind::offence) {
    ++counters_.dropped_peers;
    log_offence(gone.connection->peer_name(), kept.why);
  }
  if (!shutting_down_) {
    if (gone.ready) user_.on_lost(id, gone.identity, kept.why);
  } else if (peers_.empty()) {
    closed_job_.schedule();
  }
}

void Server::log_offence(const std::string& who, std::string_view why) {
  if (auto more = offences_.allow(loop_.now()))
    log::warning("dropped {}: {}{}", who, why,
                 *more == 0 ? "" : fmt::format(" ({} more were dropped in silence)", *more));
}

void Server::remove(PeerId id) {
  const Peer gone = peers_.take(id);
  if (gone.ready) --ready_peers_;
}

void Server::drop(PeerId id, std::string why) {
  if (Peer* peer = peers_.find(id))
    peer->connection->end_soon({End::Kind::offence, std::move(why)});
}

void Server::close(PeerId id, Duration patience) {
  Peer* peer = peers_.find(id);
  if (peer == nullptr) return;
  const End end{End::Kind::closed, "closed by us"};
  if (patience <= Duration::zero()) return peer->connection->end_soon(end);
  peer->connection->close_gently();
  peer->closing = std::make_unique<Timer>(loop_, [this, id, end] {
    if (Peer* late = peers_.find(id)) late->connection->end_soon(end);
  });
  peer->closing->start(patience);
}

void Server::shut_down(Duration patience, std::function<void()> on_closed) {
  shutting_down_ = true;
  on_closed_ = std::move(on_closed);
  listeners_.clear();
  if (peers_.empty() || patience <= Duration::zero()) return closed_job_.schedule();
  peers_.for_each([](PeerId, Peer& peer) { peer.connection->close_gently(); });
  shut_down_timer_.start(patience);
}

void Server::finish_shut_down() {
  shut_down_timer_.stop();
  ready_peers_ = 0;
  peers_ = {};
  if (auto on_closed = std::exchange(on_closed_, nullptr)) on_closed();
}

}  // namespace scaler::net
