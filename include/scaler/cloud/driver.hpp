#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scaler/cloud/caller.hpp"

// What the managers of all clouds have in common: units of capacity, each a container task or a
// machine that runs several workers.
namespace scaler::cloud {

// A unit as its manager and its cloud both know it.
struct UnitPlan {
  std::string name;           // of hexadecimal digits; unique
  std::uint64_t workers = 1;  // that it runs
};

// What a driver tells of the cloud.
struct Ready {  // what had to be there is there; said once, after what was found
  std::uint64_t workers_per_unit = 1;
};
struct SetUpFailed {
  std::string why;
};
struct UnitFound {  // one of ours from before, that nobody knows here
  UnitPlan unit;
};
struct UnitAccepted {  // it will run
  std::string name;
};
struct UnitRefused {  // it will not, and costs nothing
  std::string name;
  std::string why;
};
struct UnitRuns {  // said again and again while it is so
  std::string name;
};
struct UnitEnded {
  std::string name;
  bool well = false;  // as it was told to, or of its own accord
  std::string why;
};
struct Swept {  // after finish(): nothing of ours is left, but what `left` names
  std::vector<std::string> left;
};
using CloudEvent = std::variant<Ready, SetUpFailed, UnitFound, UnitAccepted, UnitRefused, UnitRuns,
                                UnitEnded, Swept>;

// Starts and stops units at one cloud, and looks regularly what became of them. Pure: calls out,
// outcomes in. The owner gives each call its ticket at once.
class Driver {
 public:
  virtual ~Driver() = default;

  virtual void begin(TimePoint now) = 0;  // Ready or SetUpFailed follows
  virtual void start_unit(const UnitPlan& unit, TimePoint now) = 0;
  virtual void stop_unit(const std::string& name, TimePoint now) = 0;
  virtual void finish(TimePoint now) = 0;  // stops whatever is still there: Swept follows
  virtual void on_outcome(const ApiOutcome& outcome, TimePoint now) = 0;
  virtual void on_deadline(TimePoint now) = 0;
  virtual std::optional<TimePoint> next_deadline() const = 0;

  virtual std::vector<CloudEvent> take_events() = 0;
};

}  // namespace scaler::cloud
