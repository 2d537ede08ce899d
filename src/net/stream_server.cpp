#include "scaler/net/stream_server.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "net/connection.hpp"
#include "net/deadlines.hpp"
#include "net/listener.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/slot_map.hpp"

namespace scaler::net {

struct StreamServer::Impl final : ConnectionOwner {
  struct Peer {
    std::unique_ptr<Connection> connection;
    bool is_ready = false;
  };

  Impl(Loop& in, Options given, Events to)
      : loop(in),
        options(given),
        events(std::move(to)),
        lifetimes(loop, options.lifetime, [this](PeerId id) { end(id); }) {}

  static std::string in_silence(std::uint64_t more) {
    return more == 0 ? "" : fmt::format(" ({} more in silence)", more);
  }

  void accept(Descriptor socket) {
    if (peers.size() >= options.peers_max) {
      if (auto more = refusals.allow(loop.now()))
        log::warning("refused {}: there are {} connections already{}", describe_peer(socket.get()),
                     peers.size(), in_silence(*more));
      return;
    }
    const PeerId id = peers.insert({});
    peers.find(id)->connection = std::make_unique<Connection>(loop, std::move(socket), id,
                                                              static_cast<ConnectionOwner&>(*this),
                                                              traffic, events.make_session());
    lifetimes.add(id);
  }

  void end(PeerId id) {
    if (auto* peer = peers.find(id); peer != nullptr && !peer->is_ready)
      peer->connection->end_soon({End::Kind::closed, "it was open long enough"});
  }

  Result<std::unique_ptr<Session>> on_first_bytes(PeerId, ByteView) override {
    return std::unique_ptr<Session>();  // never asked: there is a session from the beginning
  }

  void on_event(PeerId id, SessionEvent event) override {
    if (auto* message = std::get_if<MessageReceived>(&event))
      events.on_message(id, std::move(message->payload));
    else if (std::get_if<PeerReady>(&event) != nullptr)
      become_ready(id);
    else if (std::get_if<MessageIgnored>(&event) != nullptr)
      peers.find(id)->connection->close_gently();
  }

  void become_ready(PeerId id) {
    peers.find(id)->is_ready = true;
    if (events.on_ready) events.on_ready(id);
  }

  void on_end(PeerId id, const End& end) override {
    const End kept = end;  // it may live in the connection
    const auto gone = peers.take(id);
    if (gone.is_ready && events.on_gone) events.on_gone(id);
    if (kept.kind != End::Kind::offence) return;
    if (auto more = refusals.allow(loop.now()))
      log::warning("dropped {}: {}{}", gone.connection->peer_name(), kept.why, in_silence(*more));
  }

  Loop& loop;
  Options options;
  Events events;
  Traffic traffic;
  log::RateLimit refusals{5, 10s};
  Deadlines lifetimes;
  SlotMap<PeerId, Peer> peers;
  std::vector<std::unique_ptr<Listener>> listeners;
};

StreamServer::StreamServer(Loop& loop, Options options, Events events)
    : impl_(std::make_unique<Impl>(loop, options, std::move(events))) {}
StreamServer::~StreamServer() = default;

Result<Address> StreamServer::listen(const Address& address) {
  SCALER_TRY(bound, bind_and_listen(address));
  const Address real = bound.address;
  impl_->listeners.push_back(std::make_unique<Listener>(
      impl_->loop, std::move(bound),
      [impl = impl_.get()](Descriptor socket) { impl->accept(std::move(socket)); }));
  return real;
}

void StreamServer::send(PeerId peer, Bytes message, After after) {
  auto* found = impl_->peers.find(peer);
  if (found == nullptr) return;
  found->connection->send(std::move(message));
  if (after == After::close) found->connection->close_gently();
}

std::size_t StreamServer::queued_bytes(PeerId peer) const {
  const auto* found = impl_->peers.find(peer);
  return found == nullptr ? 0 : found->connection->queued_bytes();
}

void StreamServer::drop(PeerId peer) {
  if (auto* found = impl_->peers.find(peer))
    found->connection->end_soon({End::Kind::closed, "dropped"});
}

}  // namespace scaler::net
