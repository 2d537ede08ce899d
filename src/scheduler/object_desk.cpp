#include "scheduler/object_desk.hpp"

#include <algorithm>

namespace scaler::scheduler {

namespace {
constexpr std::size_t deleted_per_turn_max = 4096;
// Each deletion is a message to every worker, so those of many nodes go together.
constexpr Duration gathering_time = 50ms;
}  // namespace

bool ObjectDesk::on_instruction(const Connection& connection,
                                const wire::ObjectInstruction& instruction, Turn& turn) {
  switch (instruction.type) {
    case wire::ObjectInstructionType::create:
      return create(connection, instruction, turn);
    case wire::ObjectInstructionType::remove:
      if (instruction.user != connection.identity) return false;
      // A client that has just disconnected still deletes; its objects are on their way out.
      if (connection.client == none) return true;
      for (const ObjectId& id : instruction.ids)
        if (objects_.release(connection.client, id)) delete_at_ = turn.now;
      clients_.note_if_idle(connection.client);
      return true;
    case wire::ObjectInstructionType::clear:
      return false;  // stays inside a client
  }
  return false;
}

bool ObjectDesk::create(const Connection& connection, const wire::ObjectInstruction& instruction,
                        Turn& turn) {
  if (instruction.user != connection.identity)
    return connection.worker != none && create_result(connection.worker, instruction, turn);
  if (connection.client == none ||
      clients_[connection.client].standing != ClientStanding::registered)
    return false;
  register_all(connection.client, instruction);
  return true;
}

bool ObjectDesk::create_result(Index worker, const wire::ObjectInstruction& instruction,
                               Turn& turn) {
  const Index client = clients_.find(instruction.user);
  const bool is_allowed = (client != none && workers_.works_for(worker, clients_[client].serial)) ||
                          workers_.worked_for_identity(worker, instruction.user);
  if (!is_allowed) return false;
  if (client == none) {
    for (const ObjectId& id : instruction.ids) objects_.discard(id, turn.now);
    return true;
  }
  register_all(client, instruction);  // perhaps its first heartbeat was lost
  return true;
}

void ObjectDesk::register_all(Index client, const wire::ObjectInstruction& instruction) {
  const std::size_t count =
      std::min({instruction.ids.size(), instruction.types.size(), instruction.names.size()});
  for (std::size_t at = 0; at < count; ++at)
    objects_.create(client, instruction.ids[at], instruction.names[at]);
}

bool ObjectDesk::delete_released(Turn& turn) {
  if (!objects_.has_released()) {
    delete_at_.reset();
    return false;
  }
  if (!delete_at_) delete_at_ = turn.now + gathering_time;
  if (turn.now < *delete_at_) return false;
  delete_some(turn);
  if (!objects_.has_released()) delete_at_.reset();
  return delete_at_.has_value();
}

void ObjectDesk::delete_expired(Turn& turn) {
  if (objects_.has_expired(turn.now)) delete_some(turn);
}

void ObjectDesk::delete_some(Turn& turn) {
  auto ids = objects_.take_deletable(turn.now, deleted_per_turn_max);
  if (ids.empty()) return;
  wire::ObjectInstruction instruction;
  instruction.type = wire::ObjectInstructionType::remove;
  instruction.ids = ids;
  for (const Index worker : workers_.present_in_order())
    if (workers_[worker].peer) turn.out.push_back(Send{*workers_[worker].peer, instruction});
  turn.out.push_back(DeleteObjects{std::move(ids)});
}

}  // namespace scaler::scheduler
