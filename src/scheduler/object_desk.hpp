#pragma once

#include <optional>

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

  // Once per turn. What a client lets go of is deleted in that turn, what tasks and graphs let go
  // of a little later, together; a part of them each turn. True: there is more.
  bool delete_released(Turn& turn);
  void delete_expired(Turn& turn);  // some of those whose owners left
  std::optional<TimePoint> next_deletion() const { return delete_at_; }

 private:
  bool create(const Connection& connection, const wire::ObjectInstruction& instruction, Turn& turn);
  bool create_result(Index worker, const wire::ObjectInstruction& instruction, Turn& turn);
  void register_all(Index client, const wire::ObjectInstruction& instruction);
  void delete_some(Turn& turn);

  ClientTable& clients_;
  WorkerTable& workers_;
  ObjectRegistry& objects_;
  std::optional<TimePoint> delete_at_;  // while there is something
};

}  // namespace scaler::scheduler
