#include "scheduler/objects.hpp"

namespace scaler::scheduler {

namespace {

constexpr std::size_t name_bytes_max = 255;

// Peers name an argument "<obj ObjectID(...)>" and a result "<res ObjectID(...)>".
bool says_only_the_id(std::string_view name) {
  return name.substr(1, 12) == "obj ObjectID" || name.substr(1, 12) == "res ObjectID";
}

Bytes kept_name(const Bytes& name) {
  if (name.empty() || says_only_the_id(name.text())) return {};
  return Bytes::copy_of(name.text().substr(0, name_bytes_max));  // not a slice of a large frame
}

}  // namespace

ObjectRegistry::ObjectRegistry(ClientTable& clients, std::uint64_t hash_key, Duration retention)
    : clients_(clients), retention_(retention), by_id_(hash_key) {}

Index ObjectRegistry::place_of(const ObjectId& id) {
  Index object = by_id_.find(id, objects_);
  if (object != none) return object;
  Object made;
  made.id = id;
  object = objects_.insert(made);
  by_id_.insert(id, object);
  return object;
}

Index ObjectRegistry::usage_of(Index object, Index client) const {
  Index at = objects_[object].owners.head;
  while (at != none && usages_[at].client != client) at = usages_[at].of_object.next;
  return at;
}

void ObjectRegistry::create(Index client, const ObjectId& id, const Bytes& name) {
  const Index place = place_of(id);
  Object& object = objects_[place];
  if (object.named) names_.erase(place);
  Bytes kept = kept_name(name);
  object.named = !kept.empty();
  if (object.named) names_.emplace(place, std::move(kept));
  object.had_owner = true;
  if (usage_of(place, client) != none) return;
  owned_ += object.owners.empty();
  const Index usage = usages_.insert({place, client, {}, {}});
  object.owners.push_front(usages_, usage);
  clients_[client].objects.push_back(usages_, usage);
}

bool ObjectRegistry::release(Index client, const ObjectId& id) {
  const Index object = by_id_.find(id, objects_);
  const Index usage = object == none ? none : usage_of(object, client);
  if (usage == none) return false;
  drop(usage);
  if (!objects_[object].owners.empty()) return false;
  objects_[object].outlives = false;
  if (objects_[object].holds > 0) return false;  // let_go() goes on from here
  released_.push_back(id);
  forget(object);
  return true;
}

void ObjectRegistry::release_one(Index client, TimePoint now) {
  const Index usage = clients_[client].objects.head;
  const Index object = usages_[usage].object;
  drop(usage);
  if (!objects_[object].owners.empty()) return;
  outliving_.push_back({objects_[object].id, now + retention_});
  objects_[object].outlives = true;
  if (objects_[object].holds == 0) forget(object);
}

void ObjectRegistry::drop(Index usage) {
  const Index object = usages_[usage].object;
  objects_[object].owners.remove(usages_, usage);
  clients_[usages_[usage].client].objects.remove(usages_, usage);
  usages_.erase(usage);
  owned_ -= objects_[object].owners.empty();
}

void ObjectRegistry::forget(Index place) {
  const Object& object = objects_[place];
  SCALER_ASSERT(object.owners.empty() && object.holds == 0, "a needed object is forgotten");
  if (object.named) names_.erase(place);
  by_id_.erase(object.id, place);
  objects_.erase(place);
}

void ObjectRegistry::discard(const ObjectId& id, TimePoint now) {
  outliving_.push_back({id, now + retention_});
}

void ObjectRegistry::remove(const ObjectId& id) { released_.push_back(id); }

// ---- holds ----

Index ObjectRegistry::hold(const ObjectId& id) {
  const Index place = place_of(id);
  ++objects_[place].holds;
  SCALER_ASSERT(objects_[place].holds > 0, "an object is held too often");
  ++holds_;
  return place;
}

void ObjectRegistry::let_go(Index place) {
  Object& object = objects_[place];
  SCALER_ASSERT(object.holds > 0, "what nobody holds is let go of");
  --object.holds;
  --holds_;
  if (object.holds > 0 || !object.owners.empty()) return;
  if (object.had_owner && !object.outlives) released_.push_back(object.id);
  forget(place);
}

// ---- names ----

Bytes ObjectRegistry::name_of(const ObjectId& id) const {
  const Index object = by_id_.find(id, objects_);
  return object == none ? unknown_ : name_of(object);
}

Bytes ObjectRegistry::name_of(Index place) const {
  const Object& object = objects_[place];
  if (object.named) return names_.at(place);
  return object.had_owner ? Bytes{} : unknown_;
}

// ---- deletion ----

std::vector<ObjectId> ObjectRegistry::take_deletable(TimePoint now, std::size_t ids_max) {
  std::vector<ObjectId> ids;
  const auto take = [&](auto& queue, const ObjectId& id) {
    if (is_deletable(id)) ids.push_back(id);
    queue.pop_front();
  };
  for (; ids_max > 0 && has_released(); --ids_max) take(released_, released_.front());
  for (; ids_max > 0 && has_expired(now); --ids_max) take(outliving_, outliving_.front().id);
  return ids;
}

// Somebody may own it again by now. Whoever only holds it, deletes it when letting go.
bool ObjectRegistry::is_deletable(const ObjectId& id) {
  const Index place = by_id_.find(id, objects_);
  if (place == none) return true;
  objects_[place].had_owner = true;
  objects_[place].outlives = false;
  return false;
}

void ObjectRegistry::check_invariants() const {
  SCALER_ASSERT(by_id_.size() == objects_.size(), "every object is found by its id");
  SCALER_ASSERT(objects_.size() <= usages_.size() + holds_, "an object that nobody needs");
  SCALER_ASSERT(owned_ <= usages_.size(), "an owned object has an owner");
  SCALER_ASSERT(names_.size() <= objects_.size(), "a name of nothing");
  std::size_t of_clients = 0;
  const auto count = [&](Index client) {
    std::size_t seen = 0;
    for (Index at = clients_[client].objects.head; at != none; at = usages_[at].of_client.next) {
      SCALER_ASSERT(usages_[at].client == client, "an object in the list of another client");
      SCALER_ASSERT(by_id_.find(objects_[usages_[at].object].id, objects_) == usages_[at].object,
                    "a usage of an object that is not known");
      ++seen;
    }
    SCALER_ASSERT(seen == clients_[client].objects.size, "a client's objects have lost count");
    of_clients += seen;
  };
  for (const auto& [identity, client] : clients_.by_identity()) count(client);
  for (const Index client : clients_.gone()) count(client);
  SCALER_ASSERT(of_clients == usages_.size(), "usages do not add up");
}

}  // namespace scaler::scheduler
