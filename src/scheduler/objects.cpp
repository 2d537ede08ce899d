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

Index ObjectRegistry::usage_of(Index object, Index client) const {
  Index at = objects_[object].users.head;
  while (at != none && usages_[at].client != client) at = usages_[at].of_object.next;
  return at;
}

void ObjectRegistry::create(Index client, const ObjectId& id, const Bytes& name) {
  Index object = by_id_.find(id, objects_);
  if (object == none) {
    object = objects_.insert({id, {}, {}});
    by_id_.insert(id, object);
  }
  objects_[object].name = kept_name(name);
  if (usage_of(object, client) != none) return;
  const Index usage = usages_.insert({object, client, {}, {}});
  objects_[object].users.push_front(usages_, usage);
  clients_[client].objects.push_back(usages_, usage);
}

void ObjectRegistry::release(Index client, const ObjectId& id, TimePoint now) {
  const Index object = by_id_.find(id, objects_);
  if (object == none) return;
  const Index usage = usage_of(object, client);
  if (usage != none) drop(usage, now);
}

void ObjectRegistry::release_one(Index client, TimePoint now) {
  drop(clients_[client].objects.head, now);
}

void ObjectRegistry::drop(Index usage, TimePoint now) {
  const Index object = usages_[usage].object;
  objects_[object].users.remove(usages_, usage);
  clients_[usages_[usage].client].objects.remove(usages_, usage);
  usages_.erase(usage);
  if (!objects_[object].users.empty()) return;
  const ObjectId id = objects_[object].id;
  by_id_.erase(id, object);
  objects_.erase(object);
  doomed_.push_back({id, now + retention_});
}

void ObjectRegistry::discard(const ObjectId& id, TimePoint now) {
  if (by_id_.find(id, objects_) == none) doomed_.push_back({id, now + retention_});
}

Bytes ObjectRegistry::name_of(const ObjectId& id) const {
  const Index object = by_id_.find(id, objects_);
  return object == none ? unknown_ : objects_[object].name;
}

std::vector<ObjectId> ObjectRegistry::take_deletable(TimePoint now, std::size_t ids_max) {
  std::vector<ObjectId> ids;
  while (ids.size() < ids_max && has_deletable(now)) {
    const ObjectId id = doomed_.front().id;
    doomed_.pop_front();
    if (by_id_.find(id, objects_) == none) ids.push_back(id);
  }
  return ids;
}

void ObjectRegistry::check_invariants() const {
  SCALER_ASSERT(by_id_.size() == objects_.size(), "every object is found by its id");
  SCALER_ASSERT(objects_.size() <= usages_.size(), "every object has a user");
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
