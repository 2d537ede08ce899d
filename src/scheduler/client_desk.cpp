#include "scheduler/client_desk.hpp"

#include "scheduler/say.hpp"

namespace scaler::scheduler {

ClientDesk::ClientDesk(const Options& options, Connections& connections, ClientTable& clients,
                       TaskTable& tasks, ObjectRegistry& objects, TaskFlow& flow,
                       GraphEngine& graphs)
    : options_(options),
      connections_(connections),
      clients_(clients),
      tasks_(tasks),
      objects_(objects),
      flow_(flow),
      graphs_(graphs) {}

void ClientDesk::on_connection(PeerId peer, Connection& connection, Turn& turn) {
  connection.client = clients_.find(connection.identity);
  if (connection.client == none) return;
  clients_[connection.client].peer = peer;
  clients_[connection.client].last_seen = turn.now;
  clients_.deliver_kept(connection.client, turn.out);
}

void ClientDesk::on_connection_lost(Connection& connection, Turn& turn) {
  if (connection.client == none) return;
  Client& client = clients_[connection.client];
  client.peer.reset();
  client.last_seen = turn.now;
}

Index ClientDesk::client_of(PeerId from, Connection& connection, TimePoint now) {
  if (connection.client == none) {
    connection.client = clients_.insert(connection.identity, now);
    clients_[connection.client].peer = from;
  }
  return connection.client;
}

void ClientDesk::on_heartbeat(PeerId from, Connection& connection,
                              const wire::ClientHeartbeat& heartbeat, Turn& turn) {
  Client& client = clients_[client_of(from, connection, turn.now)];
  if (client.standing == ClientStanding::unregistered) {
    client.standing = ClientStanding::registered;
    news_.note(turn.now, client_name(client.identity), "connected");
  }
  wire::ClientHeartbeatEcho echo{options_.advertised_storage};
  if (heartbeat.carried.result_bytes_max > 0) echo.carried.result_bytes_max = wire::copy_bytes_max;
  turn.out.push_back(Send{from, std::move(echo)});
}

void ClientDesk::on_disconnect(Connection& connection, Turn& turn) {
  if (connection.client == none) return;
  news_.note(turn.now, client_name(connection.identity), "disconnected");
  dismiss(connection.client);
}

bool ClientDesk::is_silent(const Client& client, TimePoint now) const {
  if (client.standing == ClientStanding::unregistered && client.peer) return false;
  return now - client.last_seen > options_.client_timeout;
}

void ClientDesk::forget_silent(Turn& turn) {
  std::vector<Index> silent;
  for (const auto& [identity, index] : clients_.by_identity())
    if (is_silent(clients_[index], turn.now)) silent.push_back(index);
  for (const Index index : silent) {
    news_.note(turn.now, client_name(clients_[index].identity), "timed out");
    dismiss(index);
  }
}

void ClientDesk::dismiss(Index index) {
  if (auto [peer, connection] = connections_.find(clients_[index].identity); connection != nullptr)
    connection->client = none;
  clients_.set_gone(index);
  for (const Index graph : clients_[index].graphs) graphs_.cancel_graph(graph);
  enqueue(index);
}

void ClientDesk::enqueue(Index index) {
  if (std::exchange(clients_[index].in_work, true)) return;
  leavers_.push_back(index);
}

void ClientDesk::work_off(std::size_t& budget, Turn& turn) {
  scout_ = none;
  for (; budget > 0 && !leavers_.empty(); --budget)
    if (!work_step(leavers_.front(), turn)) leavers_.pop_front();
}

// Memory is asked for some tasks before it is needed. The scout may stand on a task that has ended
// meanwhile: it is only looked at, and starts anew.
void ClientDesk::prefetch_after(Index task) {
  constexpr int tasks_ahead = 8;
  const int steps = scout_ == none ? tasks_ahead : 1;
  if (scout_ == none) scout_ = task;
  for (int i = 0; i < steps && scout_ != none; ++i)
    scout_ = ClientTasks::next_of(tasks_.pool(), scout_);
  if (scout_ == none) return;
  tasks_.prefetch(scout_, ClientTasks::next_of(tasks_.pool(), scout_));
  for (const Index object : tasks_.arguments_of(scout_)) objects_.prefetch(object);
}

// One task cancelled or one object released; false: nothing to do for now, or for ever.
bool ClientDesk::work_step(Index index, Turn& turn) {
  Client& client = clients_[index];
  if (client.to_cancel > 0 && !client.tasks.empty()) {
    --client.to_cancel;
    const Index task = client.tasks.head;
    prefetch_after(task);
    client.tasks.remove(tasks_.pool(), task);
    client.tasks.push_back(tasks_.pool(), task);
    flow_.cancel(task, false, {}, turn);
    graphs_.drain(turn);
    return true;
  }
  client.to_cancel = 0;
  if (!clients_.is_idle(index)) {
    client.in_work = false;  // forget_idle brings it back
    return false;
  }
  if (!client.objects.empty()) {
    objects_.release_one(index, turn.now);
    return true;
  }
  clients_.erase(index);
  return false;
}

void ClientDesk::forget_idle() {
  for (const Index index : clients_.take_idle()) {
    if (!clients_.is_idle(index)) continue;
    Client& client = clients_[index];
    if (client.standing == ClientStanding::gone) {
      enqueue(index);
      continue;
    }
    if (auto [peer, connection] = connections_.find(client.identity); connection != nullptr)
      connection->client = none;
    clients_.erase(index);
  }
}

}  // namespace scaler::scheduler
