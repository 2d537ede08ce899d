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
    const PeerId id = peers.insert(nullptr);
    *peers.find(id) = std::make_unique<Connection>(loop, std::move(socket), id,
                                                   static_cast<ConnectionOwner&>(*this), traffic,
                                                   events.make_session());
    lifetimes.add(id);
  }

  void end(PeerId id) {
    if (auto* connection = peers.find(id))
      (*connection)->end_soon({End::Kind::closed, "it was open long enough"});
  }

  Result<std::unique_ptr<Session>> on_first_bytes(PeerId, ByteView) override {
    return std::unique_ptr<Session>();  // never asked: there is a session from the beginning
  }

  void on_event(PeerId id, SessionEvent event) override {
    if (auto* message = std::get_if<MessageReceived>(&event))
      events.on_message(id, std::move(message->payload));
  }

  void on_end(PeerId id, const End& end) override {
    const End kept = end;  // it may live in the connection
    const auto gone = peers.take(id);
    if (kept.kind != End::Kind::offence) return;
    if (auto more = refusals.allow(loop.now()))
      log::warning("dropped {}: {}{}", gone->peer_name(), kept.why, in_silence(*more));
  }

  Loop& loop;
  Options options;
  Events events;
  Traffic traffic;
  log::RateLimit refusals{5, 10s};
  Deadlines lifetimes;
  SlotMap<PeerId, std::unique_ptr<Connection>> peers;
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
  auto* connection = impl_->peers.find(peer);
  if (connection == nullptr) return;
  (*connection)->send(std::move(message));
  if (after == After::close) (*connection)->close_gently();
}

}  // namespace scaler::net
