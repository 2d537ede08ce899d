#pragma once

#include <map>
#include <string>

#include "scaler/base/ids.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/time.hpp"
#include "scaler/wire/messages.hpp"
#include "scheduler/monitor.hpp"
#include "scheduler/say.hpp"

namespace scaler::scheduler {

constexpr Duration manager_timeout = 10s;     // fixed by the protocol
constexpr std::size_t managers_max = 10'000;  // one connection may name as many as it likes

struct Manager {
  Bytes identity;
  PeerId peer;
  TimePoint last_seen{};
  wire::WorkerManagerHeartbeat last;
};

// Worker managers by the id they were configured with. Whoever holds an id keeps it until it is
// silent for manager_timeout; another identity with that id is not answered.
class ManagerTable {
 public:
  void on_heartbeat(PeerId from, const Bytes& identity, wire::WorkerManagerHeartbeat heartbeat,
                    Turn& turn);
  void forget_silent(TimePoint now);
  const std::map<std::string, Manager, std::less<>>& by_id() const { return by_id_; }

 private:
  std::map<std::string, Manager, std::less<>> by_id_;
  PeerNews news_;
  log::RateLimit doubled_ids_{3, 60s};
  log::RateLimit refused_{3, 60s};
};

}  // namespace scaler::scheduler
