#pragma once

#include <deque>

#include "scaler/scheduler/scheduler.hpp"
#include "scheduler/clients.hpp"
#include "scheduler/connections.hpp"
#include "scheduler/graphs.hpp"
#include "scheduler/objects.hpp"
#include "scheduler/say.hpp"
#include "scheduler/task_flow.hpp"

namespace scaler::scheduler {

// How clients come, stay alive and go. A client that left, or was silent for too long, has its
// tasks cancelled without force, some each turn; what runs, runs to its end unheard. Its objects
// stay until then, so that no running task loses its arguments.
class ClientDesk {
 public:
  ClientDesk(const Options& options, Connections& connections, ClientTable& clients,
             TaskTable& tasks, ObjectRegistry& objects, TaskFlow& flow, GraphEngine& graphs);

  void on_connection(PeerId peer, Connection& connection, Turn& turn);
  void on_connection_lost(Connection& connection, Turn& turn);
  void on_heartbeat(PeerId from, Connection& connection, const wire::ClientHeartbeat& heartbeat,
                    Turn& turn);
  void on_disconnect(Connection& connection, Turn& turn);

  // The client behind a message; an unknown one gets a record without registration.
  Index client_of(PeerId from, Connection& connection, TimePoint now);

  void forget_silent(Turn& turn);
  void forget_idle();  // after every call that may have ended a task
  void work_off(std::size_t& budget, Turn& turn);
  bool has_work() const { return !leavers_.empty(); }

 private:
  void enqueue(Index client);
  void dismiss(Index client);
  bool work_step(Index client, Turn& turn);
  void prefetch_after(Index task);
  bool is_silent(const Client& client, TimePoint now) const;

  const Options& options_;
  Connections& connections_;
  ClientTable& clients_;
  TaskTable& tasks_;
  ObjectRegistry& objects_;
  TaskFlow& flow_;
  GraphEngine& graphs_;
  PeerNews news_;
  std::deque<Index> leavers_;  // gone, with something to cancel or release now
  Index scout_ = none;         // see prefetch_after
};

}  // namespace scaler::scheduler
