#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scaler/manager/unit_fleet.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::manager {

struct UnitManagerOptions {
  std::string manager_id;
  wire::Capabilities capabilities;  // of each worker
  std::int64_t workers_max = -1;    // -1: no limit; rounded up to whole units
  std::uint64_t workers_per_unit = 1;
  Duration heartbeat_interval = 2s;
  std::uint64_t random_seed = 1;
};

// A worker manager whose workers come by units of several. It does what its scheduler says, as
// WorkerManager does: a command to start one worker makes room for one, a unit stops when all of
// its workers were named as those to stop, and a wish for so many workers is rounded up to units.
// Commands are answered at once, what they need follows.
class UnitManager {
 public:
  explicit UnitManager(UnitManagerOptions options);

  void on_connected(TimePoint now);
  void on_lost() { heartbeat_at_.reset(); }
  void on_message(const wire::Message& message, TimePoint now);
  void stop();  // all units, and nothing new

  // What became of units; see UnitFleet.
  void on_found(const std::string& name, std::uint64_t workers, TimePoint now) {
    fleet_.on_found(name, workers, now);
  }
  void on_accepted(std::string_view name) { fleet_.on_accepted(name); }
  void on_refused(std::string_view name, const std::string& why, TimePoint now) {
    fleet_.on_refused(name, why, now);
  }
  void on_runs(std::string_view name, TimePoint now) { fleet_.on_runs(name, now); }
  void on_ended(std::string_view name, bool well, const std::string& why, TimePoint now) {
    fleet_.on_ended(name, well, why, now, effects_);
  }

  void on_deadline(TimePoint now);
  std::optional<TimePoint> next_deadline() const;

  UnitEffects take_effects() { return std::exchange(effects_, {}); }
  std::vector<wire::Message> take_messages() { return std::exchange(messages_, {}); }
  const UnitFleet& fleet() const { return fleet_; }

 private:
  void stop_named(const std::vector<Bytes>& ids, TimePoint now);
  void answer(wire::ManagerCommandType type, wire::ManagerResponseStatus status,
              std::vector<Bytes> ids);
  void say_heartbeat(TimePoint now);

  UnitManagerOptions options_;
  UnitFleet fleet_;
  UnitEffects effects_;
  std::vector<wire::Message> messages_;
  std::optional<TimePoint> heartbeat_at_;  // while connected
  bool stopping_ = false;
};

}  // namespace scaler::manager
