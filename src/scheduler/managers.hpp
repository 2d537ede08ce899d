#pragma once

#include <map>
#include <string>

#include "scaler/base/ids.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/time.hpp"
#include "scaler/wire/messages.hpp"
#include "scheduler/manager_talk.hpp"
#include "scheduler/monitor.hpp"
#include "scheduler/say.hpp"

namespace scaler::scheduler {

constexpr Duration manager_timeout = 10s;     // fixed by the protocol
constexpr std::size_t managers_max = 10'000;  // one connection may name as many as it likes

struct Manager {
  explicit Manager(const ScalingOptions& options) : talk(options) {}

  Bytes identity;
  TimePoint first_seen{};
  TimePoint last_seen{};
  wire::WorkerManagerHeartbeat last;
  ManagerTalk talk;

  // Scaling's notes.
  std::uint32_t starting = 0;            // asked for, not connected; as last looked at
  std::optional<TimePoint> full_until;   // it said that it can run no more than it has
  bool stops_one_by_one = false;         // it did not know one of several that it was to stop
  std::optional<TimePoint> spare_since;  // fewer workers are enough since then
  std::uint32_t spare_peak = 0;          // the most that were needed since then
  bool was_missed = false;               // the log knows that it has no rule
};

// Worker managers by the id they were configured with. Whoever holds an id keeps it until it is
// silent for manager_timeout; another identity with that id is not answered, unless the holder's
// connection is gone.
class ManagerTable {
 public:
  explicit ManagerTable(const ScalingOptions& options) : options_(options) {}

  // The manager that said it; null if it is ignored.
  Manager* on_heartbeat(PeerId from, const Bytes& identity, wire::WorkerManagerHeartbeat heartbeat,
                        Turn& turn);
  void on_connection_lost(PeerId peer);  // O(managers)
  Manager* find_by_peer(PeerId peer);    // O(managers)
  void forget_silent(TimePoint now);
  std::map<std::string, Manager, std::less<>>& by_id() { return by_id_; }
  const std::map<std::string, Manager, std::less<>>& by_id() const { return by_id_; }

 private:
  const ScalingOptions& options_;
  std::map<std::string, Manager, std::less<>> by_id_;
  PeerNews news_;
  log::RateLimit doubled_ids_{3, 60s};
  log::RateLimit refused_{3, 60s};
};

}  // namespace scaler::scheduler
