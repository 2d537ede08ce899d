#include "store/waiting_list.hpp"

#include "scaler/base/assert.hpp"

namespace scaler::store {

void WaitingList::add(const WaitingRequest& request) {
  const Index index = new_node();
  nodes_[index].request = request;
  append(by_object_[request.awaited], &Node::of_object, index);
  append(by_peer_[request.from], &Node::of_peer, index);
}

std::vector<WaitingRequest> WaitingList::take_all(const ObjectId& awaited) {
  std::vector<WaitingRequest> taken;
  const auto found = by_object_.find(awaited);
  if (found == by_object_.end()) return taken;
  taken.reserve(found->second.length);
  for (Index index = found->second.first; index != none;) {
    const Index next = nodes_[index].of_object.behind;
    taken.push_back(nodes_[index].request);
    leave_peer(index);
    give_back(index);
    index = next;
  }
  by_object_.erase(found);
  return taken;
}

void WaitingList::forget(PeerId peer) {
  const auto found = by_peer_.find(peer);
  if (found == by_peer_.end()) return;
  for (Index index = found->second.first; index != none;) {
    const Index next = nodes_[index].of_peer.behind;
    leave_object(index);
    give_back(index);
    index = next;
  }
  by_peer_.erase(found);
}

std::uint64_t WaitingList::size_of(PeerId peer) const {
  const auto found = by_peer_.find(peer);
  return found == by_peer_.end() ? 0 : found->second.length;
}

WaitingList::Index WaitingList::new_node() {
  if (free_.empty()) {
    SCALER_ASSERT(nodes_.size() < none, "more waiting requests than indices");
    free_.push_back(static_cast<Index>(nodes_.size()));
    nodes_.emplace_back();
  }
  const Index index = free_.back();
  free_.pop_back();
  nodes_[index] = Node();
  ++size_;
  return index;
}

// Places are used again; those of a rush are freed when nobody waits any more.
void WaitingList::give_back(Index index) {
  free_.push_back(index);
  if (--size_ > 0 || nodes_.size() <= nodes_kept) return;
  std::vector<Node>().swap(nodes_);
  std::vector<Index>().swap(free_);
}

void WaitingList::append(Chain& chain, Links Node::*links, Index index) {
  (nodes_[index].*links) = Links{chain.last, none};
  if (chain.last == none)
    chain.first = index;
  else
    (nodes_[chain.last].*links).behind = index;
  chain.last = index;
  ++chain.length;
}

void WaitingList::unlink(Chain& chain, Links Node::*links, Index index) {
  const Links place = nodes_[index].*links;
  if (place.before == none)
    chain.first = place.behind;
  else
    (nodes_[place.before].*links).behind = place.behind;
  if (place.behind == none)
    chain.last = place.before;
  else
    (nodes_[place.behind].*links).before = place.before;
  --chain.length;
}

void WaitingList::leave_peer(Index index) {
  const auto found = by_peer_.find(nodes_[index].request.from);
  SCALER_ASSERT(found != by_peer_.end(), "a waiting request without a peer's chain");
  unlink(found->second, &Node::of_peer, index);
  if (found->second.length == 0) by_peer_.erase(found);
}

void WaitingList::leave_object(Index index) {
  const auto found = by_object_.find(nodes_[index].request.awaited);
  SCALER_ASSERT(found != by_object_.end(), "a waiting request without an object's chain");
  unlink(found->second, &Node::of_object, index);
  if (found->second.length == 0) by_object_.erase(found);
}

std::uint64_t WaitingList::check_chain(const Chain& chain, Links Node::*links) const {
  std::uint64_t length = 0;
  Index before = none;
  for (Index index = chain.first; index != none; index = (nodes_[index].*links).behind) {
    SCALER_ASSERT((nodes_[index].*links).before == before, "links point at each other");
    before = index;
    ++length;
  }
  SCALER_ASSERT(before == chain.last, "a chain ends at its last node");
  SCALER_ASSERT(length == chain.length && length > 0, "a chain knows its length and is not empty");
  return length;
}

void WaitingList::check_invariants() const {
  std::uint64_t in_objects = 0;
  for (const auto& [object, chain] : by_object_) {
    in_objects += check_chain(chain, &Node::of_object);
    for (Index index = chain.first; index != none; index = nodes_[index].of_object.behind)
      SCALER_ASSERT(nodes_[index].request.awaited == object, "a request waits in its own chain");
  }
  std::uint64_t in_peers = 0;
  for (const auto& [peer, chain] : by_peer_) {
    in_peers += check_chain(chain, &Node::of_peer);
    for (Index index = chain.first; index != none; index = nodes_[index].of_peer.behind)
      SCALER_ASSERT(nodes_[index].request.from == peer, "a request is in its own peer's chain");
  }
  SCALER_ASSERT(in_objects == size_ && in_peers == size_,
                "every request is in both kinds of chain");
  SCALER_ASSERT(nodes_.size() - free_.size() == size_, "every node is in use or free");
}

}  // namespace scaler::store
