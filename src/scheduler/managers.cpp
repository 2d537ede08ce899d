#include "scheduler/managers.hpp"

#include "scheduler/say.hpp"

namespace scaler::scheduler {

Manager* ManagerTable::on_heartbeat(PeerId from, const Bytes& identity,
                                    wire::WorkerManagerHeartbeat heartbeat, Turn& turn) {
  auto known = by_id_.find(heartbeat.manager_id.text());
  if (known != by_id_.end() && known->second.identity != identity && !known->second.talk.peer()) {
    by_id_.erase(known);  // it hung up, and is started again
    known = by_id_.end();
  }
  if (known == by_id_.end()) {
    if (by_id_.size() >= managers_max) {
      if (auto more = refused_.allow(turn.now))
        log::warning("{} is ignored: there are {} managers already ({} more)",
                     manager_name(heartbeat.manager_id), by_id_.size(), *more);
      return nullptr;
    }
    news_.note(turn.now, manager_name(heartbeat.manager_id), "connected");
    known = by_id_.emplace(heartbeat.manager_id.text(), Manager(options_)).first;
    known->second.identity = Bytes::copy_of(identity.view());
    known->second.first_seen = turn.now;
  } else if (known->second.identity != identity) {
    if (auto more = doubled_ids_.allow(turn.now))
      log::warning("{} is in use by another manager; {} is ignored ({} more)",
                   manager_name(heartbeat.manager_id), printable(identity.text()), *more);
    return nullptr;
  }
  Manager& manager = known->second;
  manager.last_seen = turn.now;
  manager.last = std::move(heartbeat);
  manager.talk.on_heartbeat(from, identity, turn.now);
  turn.out.push_back(Send{from, wire::WorkerManagerHeartbeatEcho{}});
  return &manager;
}

Manager* ManagerTable::find_by_peer(PeerId peer) {
  for (auto& [id, manager] : by_id_)
    if (manager.talk.peer() == peer) return &manager;
  return nullptr;
}

void ManagerTable::on_connection_lost(PeerId peer) {
  for (auto& [id, manager] : by_id_)
    if (manager.talk.peer() == peer) manager.talk.on_connection_lost();
}

void ManagerTable::forget_silent(TimePoint now) {
  std::erase_if(by_id_, [&](const auto& entry) {
    if (now - entry.second.last_seen <= manager_timeout) return false;
    news_.note(now, manager_name(entry.second.last.manager_id), "timed out");
    return true;
  });
}

}  // namespace scaler::scheduler
