#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "scaler/base/ids.hpp"
#include "store/id_hash.hpp"

namespace scaler::store {

// A get or a duplicate of an object that does not exist yet.
struct WaitingRequest {
  enum class Kind : std::uint8_t { get, duplicate };
  Kind kind = Kind::get;
  PeerId from;
  std::uint64_t request_id = 0;
  ObjectId awaited;
  ObjectId copy;                   // duplicate: the id that will name the same content
  std::uint64_t bytes_wanted = 0;  // get: how much of the object, at most
};

// Requests held back, found by the object they wait for and by the peer that made them. Each is in
// one list of either kind, so that any of them leaves in O(1).
class WaitingList {
 public:
  explicit WaitingList(std::uint64_t hash_seed) : by_object_(0, IdHash{hash_seed}) {}

  void add(const WaitingRequest& request);
  std::vector<WaitingRequest> take_all(const ObjectId& awaited);  // in the order of add()
  void forget(PeerId peer);                                       // O(requests of that peer)

  bool empty() const { return size_ == 0; }
  std::uint64_t size() const { return size_; }
  std::uint64_t size_of(PeerId peer) const;
  bool is_awaited(const ObjectId& object) const { return by_object_.contains(object); }

  void check_invariants() const;

 private:
  using Index = std::uint32_t;
  static constexpr Index none = UINT32_MAX;
  static constexpr std::size_t nodes_kept = 4096;
  struct Links {
    Index before = none;
    Index behind = none;
  };
  struct Node {
    WaitingRequest request;
    Links of_object;
    Links of_peer;
  };
  struct Chain {
    Index first = none;
    Index last = none;
    std::uint64_t length = 0;
  };

  Index new_node();
  void give_back(Index index);
  void append(Chain& chain, Links Node::*links, Index index);
  void unlink(Chain& chain, Links Node::*links, Index index);
  void leave_peer(Index index);
  void leave_object(Index index);
  std::uint64_t check_chain(const Chain& chain, Links Node::*links) const;

  std::vector<Node> nodes_;
  std::vector<Index> free_;
  std::unordered_map<ObjectId, Chain, IdHash> by_object_;  // no empty chains
  std::unordered_map<PeerId, Chain> by_peer_;              // no empty chains
  std::uint64_t size_ = 0;
};

}  // namespace scaler::store
