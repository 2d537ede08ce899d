#include "scaler/net/router.hpp"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>

#include "net/same_host.hpp"
#include "net/server.hpp"
#include "net/sessions.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::net {
namespace {

// After so much silence a peer of a store port is one of 1.12.28, which waits for us. All others
// speak at once, but on a busy machine "at once" was seen to take more than a quarter of a second.
constexpr Duration silence_patience = 2s;

}  // namespace

struct Router::Impl final : ServerUser {
  Impl(Loop& loop, RouterOptions opts, RouterEvents& to)
      : options(std::move(opts)),
        events(to),
        offering_identity(options.identity),
        server(loop,
               {options.kind, options.limits,
                patience_or_limit(options.handshake_patience, options.limits), silence_patience,
                options.tls},
               *this) {}

  std::unique_ptr<Session> make_session(Protocol protocol) override {
    const std::string& identity = protocol == Protocol::ymq ? offering_identity : options.identity;
    return net::make_session(protocol, SocketType::router, identity, options.limits);
  }

  void offer_same_host(Files files) {
    auto bound = bind_same_host();
    if (!bound) return log::debug("{}", bound.error().text);
    offering_identity = net::offer_same_host(options.identity, bound->address,
                                             options.limits.identity_bytes_max, files);
    server.listen(std::move(*bound));
  }

  void on_event(PeerId id, SessionEvent event) override {
    if (auto* message = std::get_if<MessageReceived>(&event)) {
      ++counters.messages_in;
      return events.on_message(id, std::move(message->payload));
    }
    if (auto* ready = std::get_if<PeerReady>(&event)) return greet(id, std::move(ready->identity));
    if (auto* ignored = std::get_if<MessageIgnored>(&event))
      log::debug("ignored a message of {}: {}", server.find(id)->connection->peer_name(),
                 ignored->why);
  }

  void greet(PeerId id, Bytes identity) {
    const Lifetime::Watch alive(lifetime);
    server.set_ready(id, identity);
    if (!identity.empty()) {
      auto [place, fresh] = by_identity.try_emplace(std::string(identity.text()), id);
      if (!fresh) replace(std::exchange(place->second, id));
      if (!alive || server.find(id) == nullptr) return;
    }
    events.on_peer(id, identity, server.find(id)->protocol);
  }

  void replace(PeerId old) {
    server.remove(old);
    events.on_peer_lost(old, "replaced by a newer connection of the same identity");
  }

  // The peer's own requests feed its queue, so they are not read until it has drained.
  void on_room(PeerId id) override {
    Connection& connection = *server.find(id)->connection;
    if (connection.queued_bytes() <= options.limits.write_queue_bytes_pause / 2)
      connection.resume_reading(Connection::Pause::automatic);
  }

  void on_lost(PeerId id, const Bytes& identity, std::string_view why) override {
    if (auto found = by_identity.find(std::string(identity.text()));
        found != by_identity.end() && found->second == id)
      by_identity.erase(found);
    events.on_peer_lost(id, why);
  }

  bool send(PeerId id, Bytes payload, Bytes file) {
    Server::Peer* peer = server.find(id);
    if (peer == nullptr || !peer->ready || !peer->connection->writable()) return false;
    Connection& connection = *peer->connection;
    const std::size_t queued = connection.queued_bytes();
    if (queued + payload.size() > options.limits.write_queue_bytes_max) {
      server.drop(id, fmt::format("it does not read: {} bytes wait for it, {} may",
                                  queued + payload.size(), options.limits.write_queue_bytes_max));
      return false;
    }
    ++counters.messages_out;
    if (file.backing() != nullptr)
      connection.send_with_file(std::move(payload), std::move(file));
    else
      connection.send(std::move(payload));
    if (connection.queued_bytes() > options.limits.write_queue_bytes_pause)
      connection.pause_reading(Connection::Pause::automatic);
    return true;
  }

  Connection* ready_connection(PeerId id) const {
    Server::Peer* peer = const_cast<Server&>(server).find(id);
    return peer != nullptr && peer->ready ? peer->connection.get() : nullptr;
  }

  RouterOptions options;
  RouterEvents& events;
  std::string offering_identity;  // ours, with what offer_same_host() adds
  mutable Counters counters;
  std::unordered_map<std::string, PeerId> by_identity;  // non-empty identities only
  Server server;
  Lifetime lifetime;
};

Router::Router(Loop& loop, RouterOptions options, RouterEvents& events)
    : impl_(std::make_unique<Impl>(loop, std::move(options), events)) {}
Router::~Router() = default;

Result<Address> Router::listen(const Address& address) { return impl_->server.listen(address); }

void Router::offer_same_host(Files files) { impl_->offer_same_host(files); }

bool Router::send(PeerId peer, Bytes payload) { return impl_->send(peer, std::move(payload), {}); }

bool Router::passes_files(PeerId peer) const {
  const Connection* connection = impl_->ready_connection(peer);
  return connection != nullptr && connection->is_own_local_peer();
}

bool Router::send_with_file(PeerId peer, Bytes payload, Bytes file) {
  return impl_->send(peer, std::move(payload), std::move(file));
}

std::size_t Router::queued_bytes(PeerId peer) const {
  const Connection* connection = impl_->ready_connection(peer);
  return connection == nullptr ? 0 : connection->queued_bytes();
}

void Router::pause_reading(PeerId peer) {
  if (Connection* connection = impl_->ready_connection(peer))
    connection->pause_reading(Connection::Pause::owner);
}

void Router::resume_reading(PeerId peer) {
  if (Connection* connection = impl_->ready_connection(peer))
    connection->resume_reading(Connection::Pause::owner);
}

void Router::close(PeerId peer, Duration patience) { impl_->server.close(peer, patience); }

void Router::shut_down(Duration patience, std::function<void()> on_closed) {
  impl_->server.shut_down(patience, std::move(on_closed));
}

const Router::Counters& Router::counters() const {
  Counters& counters = impl_->counters;
  counters.connections = impl_->server.counters().connections;
  counters.dropped_peers = impl_->server.counters().dropped_peers;
  counters.bytes_in = impl_->server.traffic().bytes_in;
  counters.bytes_out = impl_->server.traffic().bytes_out;
  return counters;
}

std::size_t Router::peers() const { return impl_->server.ready_peers(); }

}  // namespace scaler::net
