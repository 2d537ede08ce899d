#pragma once

#include <map>
#include <optional>
#include <vector>

#include "scaler/scheduler/scaling.hpp"
#include "scheduler/managers.hpp"
#include "scheduler/placement.hpp"
#include "scheduler/workers.hpp"

namespace scaler::scheduler {

// Has worker managers start and stop workers, as plan() advises: at their heartbeats and answers,
// and soon after new tasks came. A worker is stopped only when it holds no task, and gets none from
// the moment that this is decided. Forgets the decision when the worker is still there much later.
class ScalingDesk {
 public:
  ScalingDesk(const ScalingOptions& options, Allocation allocation, WorkerTable& workers,
              Placement& placement, ManagerTable& managers);

  void on_heartbeat(const Manager& manager, TimePoint now);
  void on_tasks(TimePoint now);  // there are new ones
  void on_response(PeerId from, const wire::WorkerManagerCommandResponse& response, Turn& turn);

  std::optional<TimePoint> next_look() const;
  void look_if_due(Turn& turn);  // O(managers + workers + capability sets)

 private:
  struct Seat {
    Manager* manager;
    std::vector<Index> idle;     // in order of registration
    std::vector<Index> members;  // not retiring, in order of registration
  };

  bool is_off() const { return options_.policy == ScalingPolicy::no || managers_.by_id().empty(); }
  void ask_for_look(TimePoint at);
  void look(Turn& turn);
  ClusterPicture draw(std::vector<Seat>& seats, TimePoint now);
  void give_up_late_retirements(TimePoint now);
  void scale(Seat& seat, const Crew& crew, std::uint32_t wanted, Turn& turn);
  void start(Seat& seat, const Crew& crew, std::uint32_t count, Turn& turn);
  void stop(Seat& seat, const Crew& crew, std::uint32_t count, Turn& turn);
  std::size_t oldest_idle(const Seat& seat) const;
  void retire(Index worker, TimePoint now);
  void unretire(Index worker);
  void note_missing_rule(Manager& manager) const;

  const ScalingOptions& options_;
  Allocation allocation_;
  WorkerTable& workers_;
  Placement& placement_;
  ManagerTable& managers_;
  std::optional<TimePoint> look_at_;
  std::optional<TimePoint> form_at_;  // some manager's form is settled then
  std::optional<TimePoint> looked_at_;
};

}  // namespace scaler::scheduler
