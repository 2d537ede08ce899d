#pragma once

#include <deque>
#include <unordered_map>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/base/time.hpp"
#include "scaler/wire/messages.hpp"
#include "scheduler/clients.hpp"
#include "scheduler/id_index.hpp"
#include "scheduler/intrusive.hpp"

namespace scaler::scheduler {

// Which objects exist, which clients own each, and how many tasks and nodes hold it because they
// still need it. An object that had an owner is to be deleted from workers and storage when its
// last owner has let go of it and nobody holds it: at once; or, if that owner did not say so but
// left, `retention` later. Whoever creates or holds it before it is deleted saves it.
class ObjectRegistry {
 public:
  ObjectRegistry(ClientTable& clients, std::uint64_t hash_key, Duration retention);

  // A second create by the same client changes nothing but the name.
  void create(Index client, const ObjectId& id, const Bytes& name);
  // Unknown ids are ignored. True: it is to be deleted.
  bool release(Index client, const ObjectId& id);
  void release_one(Index client, TimePoint now);    // any one object of this client, which left
  void discard(const ObjectId& id, TimePoint now);  // it is in storage; its owner has left
  void remove(const ObjectId& id);                  // it is in storage, and was never anybody's

  // Whether anybody knows the object or not: it may be created afterwards. The place is good until
  // it is let go of, once for each hold().
  [[nodiscard]] Index hold(const ObjectId& id);
  void let_go(Index place);
  void let_go(const std::vector<Index>& places) {
    for (const Index place : places) let_go(place);
  }
  // It will be let go of soon; now.
  [[gnu::always_inline]] void prefetch(Index place) const { __builtin_prefetch(&objects_[place]); }
  [[gnu::always_inline]] void prefetch_end(Index place) const {
    by_id_.prefetch(objects_[place].id);
  }

  // For monitor events; "<Unknown>" for an object that nobody ever registered.
  Bytes name_of(const ObjectId& id) const;
  Bytes name_of(Index place) const;

  // At most `ids_max` ids whose time has come.
  std::vector<ObjectId> take_deletable(TimePoint now, std::size_t ids_max);
  bool has_released() const { return !released_.empty(); }
  bool has_expired(TimePoint now) const {
    return !outliving_.empty() && outliving_.front().due <= now;
  }

  std::size_t size() const { return owned_; }  // that have an owner
  std::size_t holds() const { return holds_; }
  std::size_t waiting_deletions() const { return released_.size() + outliving_.size(); }
  void check_invariants() const;

 private:
  struct Object {
    ObjectId id;
    Chain<Usage, &Usage::of_object> owners;
    std::uint32_t holds : 29 = 0;
    bool had_owner : 1 = false;
    bool named : 1 = false;     // see names_
    bool outlives : 1 = false;  // its owner left; it is in outliving_
  };
  static_assert(sizeof(Object) == 40);
  struct Outliving {
    ObjectId id;
    TimePoint due;
  };
  Index place_of(const ObjectId& id);
  Index usage_of(Index object, Index client) const;
  void drop(Index usage);
  void forget(Index object);
  bool is_deletable(const ObjectId& id);

  ClientTable& clients_;
  Duration retention_;
  Pool<Object> objects_;
  Pool<Usage> usages_;
  IdIndex by_id_;
  std::unordered_map<Index, Bytes> names_;  // those that say more than the id, mostly of functions
  Bytes unknown_ = Bytes::copy_of("<Unknown>");
  std::size_t owned_ = 0;
  std::size_t holds_ = 0;
  std::deque<ObjectId> released_;
  std::deque<Outliving> outliving_;  // by due time, since the retention is one for all
};

}  // namespace scaler::scheduler
