#pragma once

#include "scheduler/clients.hpp"
#include "scheduler/connections.hpp"
#include "scheduler/monitor.hpp"
#include "scheduler/objects.hpp"
#include "scheduler/workers.hpp"

namespace scaler::scheduler {

// Who may create and delete which objects. A client: its own. A worker: results, for clients whose
// tasks it holds or held lately; what it made for a client that has gone is deleted from storage.
class ObjectDesk {
 public:
  ObjectDesk(ClientTable& clients, WorkerTable& workers, ObjectRegistry& objects)
      : clients_(clients), workers_(workers), objects_(objects) {}

  // False: refused.
  bool on_instruction(const Connection& connection, const wire::ObjectInstruction& instruction,
                      Turn& turn);

  // Tells every worker, then storage, of objects whose time has come; a part of them each turn.
  void delete_due(Turn& turn);
  bool has_due(TimePoint now) const { return objects_.has_deletable(now); }

 private:
  bool create(const Connection& connection, const wire::ObjectInstruction& instruction, Turn& turn);
  bool create_result(Index worker, const wire::ObjectInstruction& instruction, Turn& turn);
  void register_all(Index client, const wire::ObjectInstruction& instruction);

  ClientTable& clients_;
  WorkerTable& workers_;
  ObjectRegistry& objects_;
};

}  // namespace scaler::scheduler
