#include "scheduler/worker_desk.hpp"

#include <algorithm>

#include "scheduler/say.hpp"

namespace scaler::scheduler {

namespace {
constexpr std::size_t operations_per_message = 2000;
}

WorkerDesk::WorkerDesk(const Options& options, Connections& connections, WorkerTable& workers,
                       Placement& placement, TaskFlow& flow, GraphEngine& graphs,
                       const Monitor& monitor)
    : options_(options),
      connections_(connections),
      workers_(workers),
      placement_(placement),
      flow_(flow),
      graphs_(graphs),
      monitor_(monitor) {}

// ---- connections ----

void WorkerDesk::on_connection(PeerId peer, Connection& connection, Turn& turn) {
  connection.worker = workers_.find(connection.identity);
  if (connection.worker == none) return;
  Worker& worker = workers_[connection.worker];
  if (worker.standing != WorkerStanding::present) return;
  worker.peer = peer;
  worker.last_seen = turn.now;
  news_.note(turn.now, worker_name(worker.identity), "is back");
  worker.returning = true;
  worker.to_ask = worker.tasks.head;
  returners_.push_back(connection.worker);
}

void WorkerDesk::on_connection_lost(Connection& connection, Turn& turn) {
  if (connection.worker == none) return;
  Worker& worker = workers_[connection.worker];
  if (worker.standing != WorkerStanding::present) return;
  worker.peer.reset();
  stop_asking(connection.worker);
  placement_.leave(connection.worker);
  graces_.push_back({turn.now + options_.worker_reconnect_grace, connection.worker, worker.serial,
                     ++worker.connection_lost});
  end_graces(turn);
}

bool WorkerDesk::is_stale(const Grace& grace) const {
  const Worker& worker = workers_[grace.worker];
  return worker.serial != grace.serial || worker.connection_lost != grace.connection_lost ||
         worker.standing != WorkerStanding::present || worker.peer;
}

void WorkerDesk::end_graces(Turn& turn) {
  for (; !graces_.empty() && graces_.front().until <= turn.now; graces_.pop_front())
    if (!is_stale(graces_.front())) {
      news_.note(turn.now, worker_name(workers_[graces_.front().worker].identity),
                 "lost its connection");
      lose(graces_.front().worker, TaskFlow::Blame::worker, turn);
    }
}

std::optional<TimePoint> WorkerDesk::next_grace() const {
  while (!graces_.empty() && is_stale(graces_.front())) graces_.pop_front();
  if (graces_.empty()) return std::nullopt;
  return graces_.front().until;
}

// ---- messages ----

void WorkerDesk::on_heartbeat(PeerId from, Connection& connection, wire::WorkerHeartbeat heartbeat,
                              Turn& turn) {
  if (connection.worker == none) connection.worker = workers_.insert(connection.identity);
  const Index index = connection.worker;
  if (workers_[index].standing != WorkerStanding::present)
    register_worker(from, index, heartbeat, turn);
  workers_[index].last_seen = turn.now;
  workers_[index].last = std::move(heartbeat);
  turn.out.push_back(Send{from, wire::WorkerHeartbeatEcho{options_.advertised_storage}});
}

void WorkerDesk::register_worker(PeerId from, Index index, const wire::WorkerHeartbeat& heartbeat,
                                 Turn& turn) {
  if (workers_[index].standing == WorkerStanding::leaving) {
    for (std::size_t i = 0; i < operations_per_message && hand_back_one(index, turn); ++i) {
    }
    if (workers_[index].standing == WorkerStanding::leaving) return;  // its next heartbeat will do
    std::erase(leavers_, index);
  }
  Worker& worker = workers_[index];
  worker.peer = from;
  worker.capacity = heartbeat.queue_size;
  worker.capabilities = heartbeat.capabilities;
  worker.manager_id = Bytes::copy_of(heartbeat.manager_id.view());
  worker.last_seen = worker.registered_at = turn.now;
  worker.retiring_since.reset();
  worker.is_beyond_manager = false;
  worker.draining = false;
  workers_.set_standing(index, WorkerStanding::present);
  news_.note(turn.now, worker_name(worker.identity), "connected");
  if (odd_capabilities_.allow(turn.now)) warn_of_capabilities(worker);
  monitor_.worker(index, wire::WorkerState::connected, turn);
  placement_.join(index);
  for (std::size_t placed = 0; placed < operations_per_message && flow_.place_one(turn); ++placed) {
  }
}

void WorkerDesk::warn_of_capabilities(const Worker& worker) const {
  if (worker.capabilities.empty()) return;
  if (options_.allocation == Allocation::even_load)
    return log::warning("allocation even_load ignores the capabilities of {}",
                        worker_name(worker.identity));
  for (const auto& capability : worker.capabilities)
    if (capability.value != -1)
      log::warning("{} offers {} of capability {}; only the name counts",
                   worker_name(worker.identity), capability.value, printable(capability.name));
}

void WorkerDesk::on_disconnect_request(PeerId from, Connection& connection,
                                       const wire::DisconnectRequest& request, Turn& turn) {
  const Index index = connection.worker;
  if (names_itself(connection, request) && index != none &&
      workers_[index].standing == WorkerStanding::present) {
    news_.note(turn.now, worker_name(connection.identity), "disconnected");
    lose(index, TaskFlow::Blame::nobody, turn);
  }
  turn.out.push_back(Send{from, wire::DisconnectResponse{request.worker}});
}

void WorkerDesk::shut_down_all(Turn& turn) {
  for (const Index index : workers_.present_in_order()) {
    if (workers_[index].peer)
      turn.out.push_back(
          Send{*workers_[index].peer, wire::ClientDisconnect{wire::DisconnectType::shutdown}});
    lose(index, TaskFlow::Blame::nobody, turn);
  }
}

// ---- loss ----

void WorkerDesk::lose(Index index, TaskFlow::Blame blame, Turn& turn) {
  placement_.leave(index);
  stop_asking(index);
  Worker& worker = workers_[index];
  worker.peer.reset();
  worker.last_seen = turn.now;
  worker.counts_reruns = blame == TaskFlow::Blame::worker;
  workers_.set_standing(index, WorkerStanding::leaving);
  monitor_.worker(index, wire::WorkerState::disconnected, turn);
  leavers_.push_back(index);
}

void WorkerDesk::work_off(std::size_t& budget, Turn& turn) {
  if (!draining_.empty()) send_home_drained(turn);
  for (; budget > 0 && !leavers_.empty(); --budget)
    if (!hand_back_one(leavers_.front(), turn)) leavers_.pop_front();
  for (; budget > 0 && !returners_.empty(); --budget)
    if (!ask_one(returners_.front(), turn)) returners_.pop_front();
}

// One task of a worker that is back. False: that was all, and it gets work again.
bool WorkerDesk::ask_one(Index index, Turn& turn) {
  Worker& worker = workers_[index];
  if (!worker.returning) return false;
  if (worker.to_ask != none) {
    const Index task = worker.to_ask;
    worker.to_ask = PlacedTasks::next_of(flow_.tasks().pool(), task);
    flow_.ask_back(task, turn);
    return true;
  }
  stop_asking(index);
  if (!worker.retiring_since && !worker.draining) placement_.join(index);
  return false;
}

void WorkerDesk::stop_asking(Index index) {
  workers_[index].returning = false;
  workers_[index].to_ask = none;
}

// The youngest first: each goes before the one handed back before it. False: it has none left.
bool WorkerDesk::hand_back_one(Index index, Turn& turn) {
  const Worker& worker = workers_[index];
  if (worker.tasks.empty()) {
    workers_.set_standing(index, WorkerStanding::remembered);
    return false;
  }
  flow_.worker_gone(worker.tasks.tail,
                    worker.counts_reruns ? TaskFlow::Blame::worker : TaskFlow::Blame::nobody, turn);
  graphs_.drain(turn);
  return true;
}

void WorkerDesk::forget_silent(Turn& turn) {
  for (const Index index : workers_.present_in_order()) {
    if (turn.now - workers_[index].last_seen <= options_.worker_timeout) continue;
    news_.note(turn.now, worker_name(workers_[index].identity), "timed out");
    lose(index, TaskFlow::Blame::worker, turn);
  }
  forget_late(turn);
}

// What a lost worker says late counts for one more worker_timeout.
void WorkerDesk::forget_late(Turn& turn) {
  const TimePoint before = turn.now - options_.worker_timeout;
  std::vector<Index> forgotten;
  for (const auto& [identity, index] : workers_.by_identity()) {
    const Worker& worker = workers_[index];
    if (worker.standing == WorkerStanding::remembered && worker.last_seen < before)
      forgotten.push_back(index);
    else if (worker.holdings.size() > 1)
      workers_.forget_old_holdings(index, before);
  }
  for (const Index index : forgotten) {
    auto [peer, connection] = connections_.find(workers_[index].identity);
    if (connection != nullptr) connection->worker = none;
    workers_.erase(index);
  }
}

}  // namespace scaler::scheduler
