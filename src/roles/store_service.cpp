#include "scaler/roles/store_service.hpp"

#include <fmt/format.h>

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "roles/file_desk.hpp"
#include "scaler/base/assert.hpp"
#include "scaler/base/random.hpp"

namespace scaler::roles {

using store::Outcome;
using wire::StoreRequestHeader;
using wire::StoreRequestType;
using wire::StoreResponseHeader;

namespace {

// Of the descriptors that this process may have, the files of objects get half.
std::size_t files_max() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur / 2, 1U << 20));
}

FileDesk::Limits file_limits(const StoreServiceLimits& limits) {
  const std::uint64_t memory = limits.store.memory_bytes_max;
  const std::uint64_t kept = limits.kept_file_bytes_max;
  return {.kept_bytes_max = memory == 0 ? kept : std::min(kept, memory / 10),
          .files_max = files_max(),
          .leased_bytes_max = memory / 2};
}

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

bool is_about_files(StoreRequestType type) {
  return type >= StoreRequestType::take_files && type <= StoreRequestType::abandon_file;
}

}  // namespace

struct StoreService::Files {
  FileDesk::Leases leases;
};

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
      files_(std::make_unique<FileDesk>(store_, file_limits(limits),
                                        [this] { watch_unused_files(); })),
      kept_files_patience_(limits.kept_files_patience),
      unused_files_(loop, [this] { drop_unused_files(); }),
      holding_timer_(loop, [this] { release_all(); }),
      router_(loop,
              {net::PortKind::store, std::move(identity), limits.transport, Duration::zero(),
               std::move(tls)},
              *this) {}

// First of all: files that go with the rest are not kept then.
StoreService::~StoreService() { files_.reset(); }

Result<Address> StoreService::listen(const Address& address) {
  SCALER_TRY(bound, router_.listen(address));
  if (!std::exchange(offers_same_host_, true)) router_.offer_same_host(net::Router::Files::yes);
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
  peers_[id].passes_files = router_.passes_files(id);
}

void StoreService::on_peer_lost(PeerId id, std::string_view) {
  if (const auto peer = peers_.find(id); peer != peers_.end() && peer->second.files)
    files_->lost(peer->second.files->leases);
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
    if (request.type == StoreRequestType::set_file) return set_file(id, peer, request, frame);
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
  if (peer.passes_files && is_about_files(header->type)) return on_file_request(id, peer, *header);
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
    if (send_as_file(peer->second, answer)) continue;
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

// ---- memory files ----

void StoreService::on_file_request(PeerId id, Peer& peer, const StoreRequestHeader& request) {
  if (!peer.files) peer.files = std::make_unique<Files>();
  switch (request.type) {
    case StoreRequestType::take_files:
      peer.takes_files = true;
      return;
    case StoreRequestType::borrow_file:
      return lend(id, peer, request);
    case StoreRequestType::set_file:
      peer.awaiting_payload = request;
      return;
    default:
      break;
  }
  const bool clean = request.type == StoreRequestType::return_file;
  if (!files_->give_back(peer.files->leases, request.payload_bytes,
                         clean ? FileDesk::Returned::clean : FileDesk::Returned::unsure))
    end(id, peer, "it returned a file that it did not have");
}

void StoreService::lend(PeerId id, Peer& peer, const StoreRequestHeader& request) {
  Bytes file;
  const auto said = files_->borrow(peer.files->leases, request.payload_bytes, file);
  StoreResponseHeader header{request.object, 0, request.request_id,
                             wire::StoreResponseType::lent_file};
  if (said) return send_file(id, header, *said, std::move(file));
  header.type = wire::StoreResponseType::no_file;
  router_.send(id, wire::encode_store_response(header));
}

void StoreService::set_file(PeerId id, Peer& peer, StoreRequestHeader request, const Bytes& frame) {
  const auto said = wire::decode_store_file(frame);
  auto object = said ? files_->written(peer.files->leases, *said) : std::nullopt;
  if (!object) return end(id, peer, "it set an object from a file that it was not lent");
  request.type = StoreRequestType::set;
  request.payload_bytes = object->size();
  serve(id, peer, request, std::move(*object));
}

bool StoreService::send_as_file(Peer& peer, store::Reply& answer) {
  if (answer.header.type != wire::StoreResponseType::get_ok || !peer.takes_files) return false;
  const auto said = files_->lease(peer.files->leases, answer.payload);
  if (!said) return false;
  answer.header.type = wire::StoreResponseType::got_file;
  send_file(answer.to, answer.header, *said, std::move(answer.payload));
  return true;
}

void StoreService::send_file(PeerId id, StoreResponseHeader header, const wire::StoreFile& said,
                             Bytes file) {
  Bytes frame = wire::encode_store_file(said);
  header.payload_bytes = frame.size();
  if (router_.send(id, wire::encode_store_response(header)))
    router_.send_with_file(id, std::move(frame), std::move(file));
}

void StoreService::watch_unused_files() {
  if (watches_unused_files_ || !files_->keeps_some()) return;
  watches_unused_files_ = true;
  unused_files_.start(kept_files_patience_);
}

void StoreService::drop_unused_files() {
  watches_unused_files_ = false;
  files_->drop_unused();
  watch_unused_files();
}

std::size_t StoreService::files() const { return files_->files(); }

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
