#include "scaler/store/object_store.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "scaler/base/assert.hpp"
#include "store/contents.hpp"
#include "store/id_table.hpp"
#include "store/waiting_list.hpp"

namespace scaler::store {

using wire::StoreRequestHeader;
using wire::StoreRequestType;
using wire::StoreResponseHeader;
using wire::StoreResponseType;

struct ObjectStore::Impl {
  explicit Impl(Options wanted)
      : options(wanted),
        objects(wanted.hash_seed),
        contents({wanted.memory_bytes_max, wanted.shelf}),
        waiting(wanted.hash_seed) {}

  Outcome set(PeerId from, const StoreRequestHeader& request, Bytes payload, Outbox& out);
  Outcome get(PeerId from, const StoreRequestHeader& request, Outbox& out);
  Outcome remove(PeerId from, const StoreRequestHeader& request, Outbox& out);
  Outcome duplicate(PeerId from, const StoreRequestHeader& request, const Bytes& payload,
                    Outbox& out);
  Outcome info_total(PeerId from, const StoreRequestHeader& request, Outbox& out);

  void bind(const ObjectId& id, Contents::Handle content);
  void release_waiting(const ObjectId& id, Contents::Handle content, Outbox& out);
  std::optional<Contents::Handle> replaced_by(const ObjectId& id) const;
  Outcome hold_back(const WaitingRequest& request);

  void answer(PeerId to, const StoreResponseHeader& header, Bytes payload, Outbox& out);
  void answer_get(PeerId to, const ObjectId& object, std::uint64_t request_id,
                  std::uint64_t bytes_wanted, Contents::Handle content, Outbox& out);
  wire::StoreTotals totals() const {
    return {objects.size(), contents.size(), contents.total_bytes()};
  }

  Options options;
  IdTable objects;
  Contents contents;
  WaitingList waiting;
  Statistics statistics;
};

Outcome ObjectStore::Impl::set(PeerId from, const StoreRequestHeader& request, Bytes payload,
                               Outbox& out) {
  statistics.bytes_in += payload.size();
  if (request.payload_bytes != payload.size()) ++statistics.size_mismatches;
  const auto content = contents.add(std::move(payload), replaced_by(request.object));
  statistics.shelved_bytes = contents.shelved_bytes();
  statistics.shelved = contents.shelved();
  if (!content) return Outcome::refused_out_of_memory;
  bind(request.object, *content);
  release_waiting(request.object, *content, out);
  answer(from, {request.object, 0, request.request_id, StoreResponseType::set_ok}, {}, out);
  return Outcome::accepted;
}

Outcome ObjectStore::Impl::get(PeerId from, const StoreRequestHeader& request, Outbox& out) {
  const auto found = objects.find(request.object);
  if (!found)
    return hold_back({.kind = WaitingRequest::Kind::get,
                      .from = from,
                      .request_id = request.request_id,
                      .awaited = request.object,
                      .copy = {},
                      .bytes_wanted = request.payload_bytes});
  answer_get(from, request.object, request.request_id, request.payload_bytes, *found, out);
  return Outcome::accepted;
}

Outcome ObjectStore::Impl::remove(PeerId from, const StoreRequestHeader& request, Outbox& out) {
  auto type = StoreResponseType::remove_not_exists;
  if (const auto content = objects.erase(request.object)) {
    contents.unname(*content);
    type = StoreResponseType::remove_ok;
  }
  answer(from, {request.object, 0, request.request_id, type}, {}, out);
  return Outcome::accepted;
}

Outcome ObjectStore::Impl::duplicate(PeerId from, const StoreRequestHeader& request,
                                     const Bytes& payload, Outbox& out) {
  const auto source = wire::decode_duplicate_source(payload);
  if (!source) return Outcome::ignored;
  const auto found = objects.find(*source);
  if (!found)
    return hold_back({.kind = WaitingRequest::Kind::duplicate,
                      .from = from,
                      .request_id = request.request_id,
                      .awaited = *source,
                      .copy = request.object});
  const Contents::Handle content = *found;
  bind(request.object, content);
  answer(from, {request.object, 0, request.request_id, StoreResponseType::duplicate_ok}, {}, out);
  release_waiting(request.object, content, out);
  return Outcome::accepted;
}

Outcome ObjectStore::Impl::info_total(PeerId from, const StoreRequestHeader& request, Outbox& out) {
  answer(from, {request.object, 0, request.request_id, StoreResponseType::info_total_ok},
         wire::encode_store_totals(totals()), out);
  return Outcome::accepted;
}

// The new name first: the old content of `id` may be this very content.
void ObjectStore::Impl::bind(const ObjectId& id, Contents::Handle content) {
  contents.name(content);
  if (const auto before = objects.put(id, content)) contents.unname(*before);
  statistics.ids_most = std::max<std::uint64_t>(statistics.ids_most, objects.size());
  statistics.bytes_most = std::max(statistics.bytes_most, contents.total_bytes());
}

// `id` exists now. Whatever a released duplicate makes has the same content, so one walk, nearest
// first, serves the whole chain; each waiting request leaves the list once, so cycles end.
void ObjectStore::Impl::release_waiting(const ObjectId& id, Contents::Handle content, Outbox& out) {
  if (waiting.empty()) return;
  std::vector<ObjectId> made{id};
  for (std::size_t next = 0; next < made.size(); ++next) {
    for (const WaitingRequest& request : waiting.take_all(made[next])) {
      if (request.kind == WaitingRequest::Kind::get) {
        answer_get(request.from, request.awaited, request.request_id, request.bytes_wanted, content,
                   out);
        continue;
      }
      bind(request.copy, content);
      answer(request.from, {request.copy, 0, request.request_id, StoreResponseType::duplicate_ok},
             {}, out);
      made.push_back(request.copy);
    }
  }
  statistics.waiting = waiting.size();
}

// The content that goes when this id gets another one.
std::optional<Contents::Handle> ObjectStore::Impl::replaced_by(const ObjectId& id) const {
  const auto old = objects.find(id);
  return old && contents.names_of(*old) == 1 ? old : std::nullopt;
}

Outcome ObjectStore::Impl::hold_back(const WaitingRequest& request) {
  if (waiting.size() >= options.waiting_max ||
      waiting.size_of(request.from) >= options.waiting_per_peer_max)
    return Outcome::refused_waiting;
  waiting.add(request);
  statistics.waiting = waiting.size();
  statistics.waiting_most = std::max(statistics.waiting_most, statistics.waiting);
  return Outcome::accepted;
}

void ObjectStore::Impl::answer(PeerId to, const StoreResponseHeader& header, Bytes payload,
                               Outbox& out) {
  Reply& reply = out.emplace_back(Reply{to, header, std::move(payload)});
  reply.header.payload_bytes = reply.payload.size();
  statistics.bytes_out += reply.payload.size();
}

void ObjectStore::Impl::answer_get(PeerId to, const ObjectId& object, std::uint64_t request_id,
                                   std::uint64_t bytes_wanted, Contents::Handle content,
                                   Outbox& out) {
  auto bytes = contents.first(content, bytes_wanted);
  if (!bytes) ++statistics.unreadable;
  const bool readable = bytes.has_value();
  answer(to, {object, 0, request_id, StoreResponseType::get_ok}, std::move(bytes).value_or(Bytes()),
         out);
  out.back().unreadable = !readable;
}

ObjectStore::ObjectStore(Options options) : impl_(std::make_unique<Impl>(options)) {}
ObjectStore::~ObjectStore() = default;

Outcome ObjectStore::on_request(PeerId from, const StoreRequestHeader& request, Bytes payload,
                                Outbox& out) {
  const auto dispatch = [&] {
    switch (request.type) {
      case StoreRequestType::set:
        return impl_->set(from, request, std::move(payload), out);
      case StoreRequestType::get:
        return impl_->get(from, request, out);
      case StoreRequestType::remove:
        return impl_->remove(from, request, out);
      case StoreRequestType::duplicate:
        return impl_->duplicate(from, request, payload, out);
      case StoreRequestType::info_total:
        return impl_->info_total(from, request, out);
      case StoreRequestType::take_files:  // how bytes travel is the server's affair
      case StoreRequestType::borrow_file:
      case StoreRequestType::set_file:
      case StoreRequestType::return_file:
      case StoreRequestType::abandon_file:
        break;
    }
    return Outcome::ignored;  // of a peer newer than us
  };
  ++impl_->statistics.requests;
  const Outcome outcome = dispatch();
  if (outcome == Outcome::ignored)
    ++impl_->statistics.ignored;
  else if (outcome != Outcome::accepted)
    ++impl_->statistics.refused;
  return outcome;
}

void ObjectStore::on_peer_lost(PeerId peer) {
  impl_->waiting.forget(peer);
  impl_->statistics.waiting = impl_->waiting.size();
}

bool ObjectStore::reserve(std::uint64_t bytes) {
  const bool reserved = impl_->contents.reserve(bytes);
  impl_->statistics.shelved_bytes = impl_->contents.shelved_bytes();
  impl_->statistics.shelved = impl_->contents.shelved();
  return reserved;
}

void ObjectStore::unreserve(std::uint64_t bytes) { impl_->contents.unreserve(bytes); }

wire::StoreTotals ObjectStore::totals() const { return impl_->totals(); }
const ObjectStore::Statistics& ObjectStore::statistics() const { return impl_->statistics; }

void ObjectStore::check_invariants() const {
  impl_->contents.check_invariants();
  impl_->waiting.check_invariants();
  std::unordered_map<Contents::Handle, std::uint64_t> names;
  impl_->objects.for_each([&](const ObjectId& id, Contents::Handle content) {
    ++names[content];
    SCALER_ASSERT(impl_->objects.find(id) == content, "every id is found where it is");
    SCALER_ASSERT(!impl_->waiting.is_awaited(id), "nobody waits for an object that exists");
  });
  for (const auto& [content, count] : names)
    SCALER_ASSERT(impl_->contents.names_of(content) == count, "a content knows its names");
  SCALER_ASSERT(names.size() == impl_->contents.size(), "every content has a name");
  SCALER_ASSERT(impl_->statistics.waiting == impl_->waiting.size(), "statistics are exact");
}

}  // namespace scaler::store
