#include "agent/object_table.hpp"

#include <algorithm>

#include "scaler/base/assert.hpp"

namespace scaler::agent {

namespace {

// What an entry costs beside its bytes, so that many empty objects are bounded too.
constexpr std::uint64_t entry_bytes = 256;
// Functions of single submits: each has an id of its own, though nobody will name it again.
constexpr std::size_t idle_objects_max = 4096;

std::uint64_t cost_of(const Bytes& payload) { return payload.size() + entry_bytes; }

}  // namespace

void ObjectTable::need(const ObjectId& id) {
  Object& object = objects_[id];
  ++object.needs;
  if (!object.idle) return;
  idle_.erase(*object.idle);
  object.idle.reset();
  idle_bytes_ -= cost_of(*object.payload);
}

bool ObjectTable::release(const ObjectId& id) {
  const auto found = objects_.find(id);
  SCALER_ASSERT(found != objects_.end() && found->second.needs > 0,
                "release of an unneeded object");
  if (--found->second.needs > 0) return false;
  const bool deleted = found->second.deleted;
  if (deleted)
    erase(found);
  else
    settle(found);
  return deleted;
}

bool ObjectTable::fetch(const ObjectId& id, Retain retain) {
  Object& object = objects_[id];
  object.kept = object.kept || retain == Retain::kept;
  if (object.payload || object.fetching) return false;
  object.fetching = true;
  ++fetches_;
  return true;
}

void ObjectTable::offer(const ObjectId& id, Bytes payload, Retain retain) {
  const auto found = objects_.find(id);
  SCALER_ASSERT(found != objects_.end() && found->second.needs > 0, "offered, but not needed");
  Object& object = found->second;
  if (object.payload || object.fetching) return;
  object.kept = object.kept || retain == Retain::kept;
  bytes_ += cost_of(payload);
  object.payload = std::move(payload);
}

void ObjectTable::asked(const ObjectId& id, TimePoint expires) {
  const auto found = objects_.find(id);
  SCALER_ASSERT(found != objects_.end() && found->second.fetching, "asked for, but not fetching");
  set_expires(id, found->second, expires);
}

bool ObjectTable::arrived(const ObjectId& id, Bytes payload) {
  const auto found = objects_.find(id);
  if (found == objects_.end() || !found->second.fetching) return false;
  Object& object = found->second;
  stop_fetch(id, object);
  // Jumps up at once and comes down slowly: guessing low is what would fill the memory.
  expected_bytes_ =
      std::max<std::uint64_t>(payload.size(), (expected_bytes_ * 7 + payload.size()) / 8);
  const bool wanted = object.needs > 0;
  if (wanted || object.kept) {
    bytes_ += cost_of(payload);
    object.payload = std::move(payload);
  }
  if (!wanted) settle(found);
  return wanted;
}

void ObjectTable::given(const ObjectId& id) {
  const auto found = objects_.find(id);
  SCALER_ASSERT(found != objects_.end() && found->second.payload, "given, but it was not here");
  if (!found->second.kept) drop_payload(found->second);
}

bool ObjectTable::deleted(const ObjectId& id, TimePoint expires) {
  const auto found = objects_.find(id);
  if (found == objects_.end()) return true;
  Object& object = found->second;
  if (object.needs == 0) {
    erase(found);
    return true;
  }
  object.deleted = true;
  if (object.expires) set_expires(id, object, std::min(*object.expires, expires));
  return false;
}

void ObjectTable::give_up(const ObjectId& id) {
  const auto found = objects_.find(id);
  if (found == objects_.end() || !found->second.fetching) return;
  stop_fetch(id, found->second);
  if (found->second.needs == 0) settle(found);
}

const Bytes* ObjectTable::find(const ObjectId& id) const {
  const auto found = objects_.find(id);
  return found != objects_.end() && found->second.payload ? &*found->second.payload : nullptr;
}

void ObjectTable::wait_for(const ObjectId& id, const TaskId& task) {
  objects_.at(id).waiting.push_back(task);
}

std::vector<TaskId> ObjectTable::take_waiting(const ObjectId& id) {
  const auto found = objects_.find(id);
  if (found == objects_.end()) return {};
  return std::exchange(found->second.waiting, {});
}

void ObjectTable::store_lost() {
  for (const auto& [expires, id] : expiries_) objects_.at(id).expires.reset();
  expiries_.clear();
}

std::vector<ObjectId> ObjectTable::list_to_ask() {
  std::vector<ObjectId> list;
  for (auto at = objects_.begin(); at != objects_.end();) {
    const auto found = at++;
    Object& object = found->second;
    if (!object.fetching || object.expires) continue;
    if (object.needs > 0) {
      list.push_back(found->first);
    } else {
      stop_fetch(found->first, object);
      settle(found);
    }
  }
  std::sort(list.begin(), list.end());  // the same order whatever the hash
  return list;
}

std::optional<std::pair<TimePoint, ObjectId>> ObjectTable::first_to_expire() const {
  if (expiries_.empty()) return std::nullopt;
  return *expiries_.begin();
}

std::uint32_t ObjectTable::needs_of(const ObjectId& id) const {
  const auto found = objects_.find(id);
  return found == objects_.end() ? 0 : found->second.needs;
}

void ObjectTable::drop_payload(Object& object) {
  if (!object.payload) return;
  const std::uint64_t cost = cost_of(*object.payload);
  bytes_ -= cost;
  if (object.idle) {
    idle_bytes_ -= cost;
    idle_.erase(*object.idle);
    object.idle.reset();
  }
  object.payload.reset();
}

void ObjectTable::stop_fetch(const ObjectId& id, Object& object) {
  set_expires(id, object, std::nullopt);
  if (std::exchange(object.fetching, false)) --fetches_;
}

void ObjectTable::set_expires(const ObjectId& id, Object& object,
                              std::optional<TimePoint> expires) {
  if (object.expires) expiries_.erase({*object.expires, id});
  object.expires = expires;
  if (expires) expiries_.emplace(*expires, id);
}

void ObjectTable::settle(Objects::iterator found) {
  Object& object = found->second;
  if (object.fetching) return;  // its answer comes, or it expires
  if (!object.kept || !object.payload) {
    erase(found);
    return;
  }
  object.idle = idle_.insert(idle_.end(), found->first);
  idle_bytes_ += cost_of(*object.payload);
  while (idle_bytes_ > idle_bytes_max_ || idle_.size() > idle_objects_max)
    erase(objects_.find(idle_.front()));
}

void ObjectTable::erase(Objects::iterator found) {
  drop_payload(found->second);
  stop_fetch(found->first, found->second);
  objects_.erase(found);
}

void ObjectTable::check_invariants() const {
  std::uint64_t fetches = 0, bytes = 0, idle_bytes = 0, expiring = 0, idle = 0;
  for (const auto& [id, object] : objects_) {
    fetches += object.fetching ? 1 : 0;
    bytes += object.payload ? cost_of(*object.payload) : 0;
    expiring += object.expires ? 1 : 0;
    SCALER_ASSERT(!object.expires || object.fetching, "only a fetch expires");
    SCALER_ASSERT(!object.fetching || !object.payload, "fetching what is here");
    SCALER_ASSERT(!object.expires || expiries_.contains({*object.expires, id}), "expiry unknown");
    SCALER_ASSERT(!object.deleted || object.needs > 0, "a deleted object that nobody needs");
    SCALER_ASSERT(object.needs > 0 || object.fetching || object.idle, "an object without reason");
    if (!object.idle) continue;
    SCALER_ASSERT(object.needs == 0 && object.kept && object.payload, "idle, yet needed");
    idle_bytes += cost_of(*object.payload);
    ++idle;
  }
  SCALER_ASSERT(fetches == fetches_, "count of fetches");
  SCALER_ASSERT(bytes == bytes_ && idle_bytes == idle_bytes_, "count of bytes");
  SCALER_ASSERT(expiring == expiries_.size() && idle == idle_.size(), "lists of objects");
}

}  // namespace scaler::agent
