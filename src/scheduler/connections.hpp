#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "scaler/base/ids.hpp"
#include "scheduler/intrusive.hpp"

namespace scaler::scheduler {

// Who is at the other end. One identity may act as a client and as a worker; each row caches where
// to find it.
struct Connection {
  Bytes identity;
  Index client = none;
  Index worker = none;
  bool is_manager = false;
};

class Connections {
 public:
  Connection* find(PeerId peer) {
    const auto found = by_peer_.find(peer);
    return found == by_peer_.end() ? nullptr : &found->second;
  }
  Connection& insert(PeerId peer, const Bytes& identity) {
    Connection& made = by_peer_[peer];
    made.identity = Bytes::copy_of(identity.view());
    by_identity_.insert_or_assign(std::string(identity.text()), peer);
    return made;
  }
  void erase(PeerId peer) {
    const auto found = by_peer_.find(peer);
    const auto named = by_identity_.find(found->second.identity.text());
    if (named != by_identity_.end() && named->second == peer) by_identity_.erase(named);
    by_peer_.erase(found);
  }
  // The connection of an identity, if it has one.
  std::pair<PeerId, Connection*> find(const Bytes& identity) {
    const auto named = by_identity_.find(identity.text());
    if (named == by_identity_.end()) return {PeerId{}, nullptr};
    return {named->second, find(named->second)};
  }
  std::size_t size() const { return by_peer_.size(); }

 private:
  std::unordered_map<PeerId, Connection> by_peer_;
  std::map<std::string, PeerId, std::less<>> by_identity_;
};

}  // namespace scaler::scheduler
