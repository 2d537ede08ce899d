#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "scaler/base/random.hpp"
#include "scaler/base/time.hpp"

namespace scaler::manager {

// What a fleet wants done at its cloud.
struct StartUnit {
  std::string name;
  std::uint64_t workers = 1;
};
struct StopUnit {
  std::string name;
};
using UnitEffect = std::variant<StartUnit, StopUnit>;
using UnitEffects = std::vector<UnitEffect>;

struct FleetOptions {
  std::uint64_t workers_per_unit = 1;
  std::optional<std::uint64_t> units_max;  // none: no limit of its own
  std::uint64_t random_seed = 1;
};

// The units of capacity of one manager, tasks or machines of a cloud, each with several workers
// that connect by themselves. A unit that fails before its workers can have been of use is started
// again, more slowly each time, while somebody may still wait for them. Pure: every call says the
// time, and what must be done is added to `out`.
class UnitFleet {
 public:
  explicit UnitFleet(FleetOptions options);

  // ---- what is wanted ----

  // Room for one worker more: on a unit that is on its way, or on a new one. False: no more units
  // may run.
  bool start_worker(TimePoint now, UnitEffects& out);
  // A worker does nothing and may go. When all of a unit's may, within half a minute, it is
  // stopped. False: it is on none of our units, nor was it lately.
  bool release_worker(std::string_view worker_id, TimePoint now, UnitEffects& out);
  // As many units as so many workers need, from now on: starts new ones, or stops the oldest.
  void reach(std::uint64_t workers, TimePoint now, UnitEffects& out);
  void stop_all(UnitEffects& out);  // and nothing new

  // ---- what became of it ----

  void on_found(const std::string& name, std::uint64_t workers, TimePoint now);
  void on_accepted(std::string_view name);
  void on_refused(std::string_view name, const std::string& why, TimePoint now);
  void on_runs(std::string_view name, TimePoint now);
  void on_ended(std::string_view name, bool well, const std::string& why, TimePoint now,
                UnitEffects& out);
  void on_deadline(TimePoint now, UnitEffects& out);
  std::optional<TimePoint> next_deadline() const;

  std::uint64_t active() const;  // units that run, start or will start
  std::uint64_t workers_max() const;
  bool empty() const { return units_.empty(); }
  std::vector<std::string> names() const;

 private:
  enum class State : std::uint8_t { waits, asked, accepted, runs, stops };
  struct Unit {
    std::string name;
    std::uint64_t workers = 1;
    State state = State::waits;
    std::uint64_t claimed = 1;  // of its workers, before they can be there
    TimePoint wanted_since{};
    std::optional<TimePoint> runs_since;
    std::map<std::string, TimePoint, std::less<>> released;  // workers
  };
  using Units = std::vector<Unit>;  // in order of their first start

  Unit* find(std::string_view name);
  bool may_start() const { return !stopping_ && active() < units_max(); }
  std::uint64_t units_max() const;
  void add(TimePoint now, UnitEffects& out);
  void launch_waiting(TimePoint now, UnitEffects& out);
  bool is_probing() const;
  void stop(Unit& unit, UnitEffects& out);
  void slow_down(const std::string& what, const std::string& why, TimePoint now);
  void forget(std::string_view name);
  std::string new_name();

  FleetOptions options_;
  Random random_;
  Units units_;
  std::deque<std::string> ended_;        // names, the latest last
  std::optional<std::uint64_t> target_;  // units, where they are counted for us
  unsigned failures_ = 0;                // in a row
  std::optional<TimePoint> not_before_;  // nothing starts
  bool stopping_ = false;
};

// The unit that a worker belongs to: of "Worker|ECS-1a2b|..." it is 1a2b. Empty: of none.
std::string_view unit_of_worker(std::string_view worker_id);

}  // namespace scaler::manager
