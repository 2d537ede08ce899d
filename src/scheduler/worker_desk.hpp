#pragma once

#include <deque>

#include "scaler/scheduler/scheduler.hpp"
#include "scheduler/connections.hpp"
#include "scheduler/graphs.hpp"
#include "scheduler/monitor.hpp"
#include "scheduler/placement.hpp"
#include "scheduler/say.hpp"
#include "scheduler/task_flow.hpp"
#include "scheduler/workers.hpp"

namespace scaler::scheduler {

// How workers come, stay alive and go. A lost worker's tasks go back to the front of their queues
// (they have waited longest), in order of assignment, some each turn and before anything is placed.
// A worker whose connection closed keeps its tasks for a grace, and gets no new ones; back in time,
// it is asked what it still has before it gets more.
class WorkerDesk {
 public:
  WorkerDesk(const Options& options, Connections& connections, WorkerTable& workers,
             Placement& placement, TaskFlow& flow, GraphEngine& graphs, const Monitor& monitor);

  void on_connection(PeerId peer, Connection& connection, Turn& turn);
  void on_connection_lost(Connection& connection, Turn& turn);
  void on_heartbeat(PeerId from, Connection& connection, wire::WorkerHeartbeat heartbeat,
                    Turn& turn);
  void on_disconnect_request(PeerId from, Connection& connection,
                             const wire::DisconnectRequest& request, Turn& turn);
  bool names_itself(const Connection& connection, const wire::DisconnectRequest& request) const {
    return request.worker == connection.identity;
  }
  void shut_down_all(Turn& turn);

  DrainAnswer drain(std::string_view worker, Turn& turn);  // O(workers + tasks it holds)
  std::vector<Bytes> draining() const;

  void forget_silent(Turn& turn);
  void end_graces(Turn& turn);
  std::optional<TimePoint> next_grace() const;
  void work_off(std::size_t& budget, Turn& turn);
  bool has_work() const { return !leavers_.empty() || !returners_.empty(); }
  bool hands_back() const { return !leavers_.empty(); }

 private:
  struct Grace {
    TimePoint until;
    Index worker;
    Index serial;
    std::uint64_t connection_lost;
  };
  bool is_stale(const Grace& grace) const;
  void register_worker(PeerId from, Index worker, const wire::WorkerHeartbeat& heartbeat,
                       Turn& turn);
  void warn_of_capabilities(const Worker& worker) const;
  void lose(Index worker, TaskFlow::Blame blame, Turn& turn);
  bool hand_back_one(Index worker, Turn& turn);
  bool ask_one(Index worker, Turn& turn);
  void stop_asking(Index worker);
  void forget_late(Turn& turn);
  void drain_one(Index worker, DrainAnswer& answer, Turn& turn);
  void send_home_drained(Turn& turn);

  const Options& options_;
  Connections& connections_;
  WorkerTable& workers_;
  Placement& placement_;
  TaskFlow& flow_;
  GraphEngine& graphs_;
  const Monitor& monitor_;
  PeerNews news_;
  log::RateLimit odd_capabilities_{10, 10s};
  std::deque<Index> leavers_;
  std::deque<Index> returners_;  // some may have gone again
  std::vector<Index> draining_;
  mutable std::deque<Grace> graces_;  // in order of time, since the grace is one for all
};

}  // namespace scaler::scheduler
