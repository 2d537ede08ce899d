#include "scheduler/managers.hpp"

#include "scheduler/say.hpp"

namespace scaler::scheduler {

void ManagerTable::on_heartbeat(PeerId from, const Bytes& identity,
                                wire::WorkerManagerHeartbeat heartbeat, Turn& turn) {
  auto known = by_id_.find(heartbeat.manager_id.text());
  if (known == by_id_.end()) {
    if (by_id_.size() >= managers_max) {
      if (auto more = refused_.allow(turn.now))
        log::warning("{} is ignored: there are {} managers already ({} more)",
                     manager_name(heartbeat.manager_id), by_id_.size(), *more);
      return;
    }
    news_.note(turn.now, manager_name(heartbeat.manager_id), "connected");
    known = by_id_.emplace(heartbeat.manager_id.text(), Manager{}).first;
    known->second.identity = Bytes::copy_of(identity.view());
  } else if (known->second.identity != identity) {
    if (auto more = doubled_ids_.allow(turn.now))
      log::warning("{} is in use by another manager; {} is ignored ({} more)",
                   manager_name(heartbeat.manager_id), printable(identity.text()), *more);
    return;
  }
  known->second.peer = from;
  known->second.last_seen = turn.now;
  known->second.last = std::move(heartbeat);
  turn.out.push_back(Send{from, wire::WorkerManagerHeartbeatEcho{}});
}

void ManagerTable::forget_silent(TimePoint now) {
  std::erase_if(by_id_, [&](const auto& entry) {
    if (now - entry.second.last_seen <= manager_timeout) return false;
    news_.note(now, manager_name(entry.second.last.manager_id), "timed out");
    return true;
  });
}

}  // namespace scaler::scheduler
