#pragma once

#include <deque>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/base/time.hpp"
#include "scaler/wire/messages.hpp"
#include "scheduler/clients.hpp"
#include "scheduler/id_index.hpp"
#include "scheduler/intrusive.hpp"

namespace scaler::scheduler {

// Which objects exist and which clients use each. An object that nobody uses any more is forgotten
// here, and deleted from workers and storage `retention` later, unless it was created again.
class ObjectRegistry {
 public:
  ObjectRegistry(ClientTable& clients, std::uint64_t hash_key, Duration retention);

  // A second create by the same client changes nothing but the name.
  void create(Index client, const ObjectId& id, const Bytes& name);
  void release(Index client, const ObjectId& id, TimePoint now);  // unknown ids are ignored
  void release_one(Index client, TimePoint now);                  // any one object of this client
  void discard(const ObjectId& id, TimePoint now);                // it is in storage, but nobody's

  // The function's name for monitor events; "<Unknown>" for an object that nobody registered.
  Bytes name_of(const ObjectId& id) const;

  // At most `ids_max` ids whose time has come.
  std::vector<ObjectId> take_deletable(TimePoint now, std::size_t ids_max);
  bool has_deletable(TimePoint now) const { return !doomed_.empty() && doomed_.front().due <= now; }

  std::size_t size() const { return objects_.size(); }
  std::size_t waiting_deletions() const { return doomed_.size(); }
  void check_invariants() const;

 private:
  struct Object {
    ObjectId id;
    Bytes name;  // empty for names that say no more than the id
    List<Usage, &Usage::of_object> users;
  };
  struct Doomed {
    ObjectId id;
    TimePoint due;
  };
  Index usage_of(Index object, Index client) const;
  void drop(Index usage, TimePoint now);

  ClientTable& clients_;
  Duration retention_;
  Pool<Object> objects_;
  Pool<Usage> usages_;
  IdIndex by_id_;
  Bytes unknown_ = Bytes::copy_of("<Unknown>");
  std::deque<Doomed> doomed_;  // by due time, since the retention is one for all
};

}  // namespace scaler::scheduler
