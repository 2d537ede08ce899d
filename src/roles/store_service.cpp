#include "scaler/roles/store_service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scaler/base/assert.hpp"
#include "scaler/base/random.hpp"

namespace scaler::roles {

using store::Outcome;
using wire::StoreRequestHeader;
using wire::StoreRequestType;

namespace {

constexpr PeerId ourselves{};  // generation 0 is never a connection's

// An answer that may wait does so until another answer for its peer, or for so long, or until so
// many wait.
constexpr Duration answers_wait = 20ms;
constexpr std::size_t held_answers_max = 64;

store::Options with_random_seed(store::Options options) {
  if (options.hash_seed == 0) options.hash_seed = Random::from_system().next();
  return options;
}

// For a log line: an identity is whatever its peer likes.
std::string printable(const Bytes& identity) {
  constexpr std::size_t shown_max = 80;
  std::string text(identity.text().substr(0, shown_max));
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text.empty() ? "(no identity)" : text;
}

bool has_payload_frame(StoreRequestType type) {
  return type == StoreRequestType::set || type == StoreRequestType::duplicate;
}

}  // namespace

TransportLimits StoreServiceLimits::object_limits(std::uint64_t object_bytes_max) {
  TransportLimits limits;
  limits.message_bytes_max = object_bytes_max;
  limits.write_queue_bytes_max += object_bytes_max;
  return limits;
}

StoreService::StoreService(net::Loop& loop, std::string identity, StoreServiceLimits limits,
                           std::shared_ptr<tls::Context> tls)
    : loop_(loop),
      store_(with_random_seed(limits.store)),
      holding_timer_(loop, [this] { release_all(); }),
      router_(loop,
              {net::PortKind::store, std::move(identity), limits.transport, Duration::zero(),
               std::move(tls)},
              *this) {}

Result<Address> StoreService::listen(const Address& address) {
  SCALER_TRY(bound, router_.listen(address));
  if (!std::exchange(offers_same_host_, true)) router_.offer_same_host();
  return bound;
}

void StoreService::shut_down(Duration patience, std::function<void()> on_closed) {
  router_.shut_down(patience, std::move(on_closed));
}

void StoreService::remove(std::span<const ObjectId> objects) {
  for (const ObjectId& object : objects)
    serve_ourselves({.object = object, .type = StoreRequestType::remove}, {});
}

void StoreService::duplicate(const ObjectId& source, const ObjectId& copy) {
  Bytes payload = wire::encode_duplicate_source(source);
  const std::uint64_t size = payload.size();
  serve_ourselves({.object = copy, .payload_bytes = size, .type = StoreRequestType::duplicate},
                  std::move(payload));
}

void StoreService::serve_ourselves(const StoreRequestHeader& request, Bytes payload) {
  if (store_.on_request(ourselves, request, std::move(payload), answers_) != Outcome::accepted)
    log::error("the store refused a duplicate of our own: too many requests wait ({})",
               store_.statistics().waiting);
  send_answers();
}

void StoreService::on_peer(PeerId id, const Bytes& identity, net::Protocol) {
  peers_[id].identity = identity;
}

void StoreService::on_peer_lost(PeerId id, std::string_view) {
  peers_.erase(id);
  store_.on_peer_lost(id);
}

void StoreService::on_message(PeerId id, Bytes frame) {
  const auto found = peers_.find(id);
  SCALER_ASSERT(found != peers_.end(), "a message of a peer that was not introduced");
  Peer& peer = found->second;
  if (peer.ending) return;
  if (peer.awaiting_payload) {
    const StoreRequestHeader request = *std::exchange(peer.awaiting_payload, std::nullopt);
    return serve(id, peer, request, std::move(frame));
  }
  const auto unread = std::exchange(peer.unread_payload_bytes, std::nullopt);
  if (unread == frame.size() && frame.size() != wire::store_header_bytes) return;
  on_header(id, peer, frame);
}

void StoreService::on_header(PeerId id, Peer& peer, const Bytes& frame) {
  const auto header = wire::decode_store_request(frame);
  if (!header) {
    ++header_errors_;
    return end(id, peer, header.error().text);
  }
  if (has_payload_frame(header->type)) {
    peer.awaiting_payload = *header;
    return;
  }
  if (header->type > StoreRequestType::info_total)
    peer.unread_payload_bytes = header->payload_bytes;
  serve(id, peer, *header, {});
}

void StoreService::serve(PeerId id, Peer& peer, const StoreRequestHeader& request, Bytes payload) {
  switch (store_.on_request(id, request, std::move(payload), answers_)) {
    case Outcome::accepted:
      if (request.answer_may_wait) hold_answer(id, peer, request);
      break;
    case Outcome::ignored:
      log_about(peer.identity, fmt::format("ignored a request of type {}: unknown or malformed",
                                           static_cast<unsigned>(request.type)));
      break;
    case Outcome::refused_waiting:
      end(id, peer, "it waits for too many objects that do not exist");
      break;
    case Outcome::refused_out_of_memory:
      end(id, peer, fmt::format("no memory left for object {}", request.object.hex()));
      break;
  }
  send_answers();
}

void StoreService::send_answers() {
  for (store::Reply& answer : answers_) {
    if (answer.to == ourselves) continue;
    if (answer.unreadable) {
      if (const auto peer = peers_.find(answer.to); peer != peers_.end())
        end(answer.to, peer->second,
            fmt::format("object {} cannot be read from disk", answer.header.object.hex()));
      continue;
    }
    const auto peer = peers_.find(answer.to);
    if (peer == peers_.end()) continue;
    release(answer.to, peer->second);
    const bool has_payload = answer.header.payload_bytes > 0;
    if (!router_.send(answer.to, wire::encode_store_response(answer.header))) continue;
    if (has_payload) router_.send(answer.to, std::move(answer.payload));
  }
  answers_.clear();
}

// Whoever asked so does something else meanwhile: its next answer takes this one along, which saves
// both sides a wake-up.
void StoreService::hold_answer(PeerId id, Peer& peer, const StoreRequestHeader& request) {
  const auto answer = std::ranges::find_if(answers_, [&](const store::Reply& reply) {
    return reply.to == id && reply.header.response_id == request.request_id;
  });
  if (answer == answers_.end()) return;
  if (peer.held.empty()) {
    if (holding_.empty()) holding_timer_.start(answers_wait);
    holding_.push_back(id);
  }
  peer.held.push_back(answer->header);
  answers_.erase(answer);
  if (peer.held.size() >= held_answers_max) release(id, peer);
}

void StoreService::release(PeerId id, Peer& peer) {
  for (const wire::StoreResponseHeader& header : peer.held)
    router_.send(id, wire::encode_store_response(header));
  peer.held.clear();
}

void StoreService::release_all() {
  for (const PeerId& id : std::exchange(holding_, {}))
    if (const auto peer = peers_.find(id); peer != peers_.end()) release(id, peer->second);
}

// The protocol has no word for "no": a peer that is not served has to notice by its connection.
void StoreService::end(PeerId id, Peer& peer, std::string_view why) {
  peer.ending = true;
  log_about(peer.identity, fmt::format("connection ended: {}", why));
  router_.close(id);
}

void StoreService::log_about(const Bytes& identity, std::string_view what) {
  if (const auto more = complaints_.allow(loop_.now()))
    log::warning("object storage peer {}: {}{}", printable(identity), what,
                 *more == 0 ? "" : fmt::format(" ({} more such lines were left out)", *more));
}

}  // namespace scaler::roles
