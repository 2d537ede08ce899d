#include "scaler/scheduler/scheduler.hpp"

#include <algorithm>

#include "scheduler/impl.hpp"
#include "scheduler/say.hpp"

namespace scaler::scheduler {

namespace {
constexpr std::size_t operations_per_turn = 2000;
constexpr Duration tick_interval = 1s;
constexpr Duration balance_interval_least = 1ms;
}  // namespace

Scheduler::Impl::Impl(Options given)
    : options(std::move(given)),
      random(options.random_seed),
      hash_key(random.next()),
      tasks(hash_key),
      managers(options.scaling),
      objects(clients, hash_key, options.object_retention),
      placement(options.allocation, tasks, workers),
      monitor(tasks, workers, placement, objects),
      flow(options, counters, tasks, clients, workers, placement, objects, monitor),
      graphs(tasks, clients, objects, flow, monitor, random, hash_key),
      client_desk(options, connections, clients, tasks, objects, flow, graphs),
      worker_desk(options, connections, workers, placement, flow, graphs, monitor),
      object_desk(clients, workers, objects),
      scaling_desk(options.scaling, options.allocation, workers, placement, managers),
      inquiry_desk(options, tasks, clients, workers, objects, placement, graphs, worker_desk),
      advice_gate(options.load_balance_trigger_times) {}

Scheduler::Scheduler(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Scheduler::~Scheduler() = default;

void Scheduler::on_peer(PeerId peer, const Bytes& identity, TimePoint now, Outbox& out) {
  Turn turn{now, out};
  if (identity.empty()) {
    out.push_back(Drop{peer, "it has no identity"});
    return;
  }
  impl_->arm(now);
  if (auto [older, connection] = impl_->connections.find(identity); connection != nullptr)
    on_peer_lost(older, now, out);
  Connection& connection = impl_->connections.insert(peer, identity);
  impl_->client_desk.on_connection(peer, connection, turn);
  impl_->worker_desk.on_connection(peer, connection, turn);
  impl_->settle(turn);
}

void Scheduler::on_peer_lost(PeerId peer, TimePoint now, Outbox& out) {
  Turn turn{now, out};
  Connection* connection = impl_->connections.find(peer);
  if (connection == nullptr) return;
  impl_->client_desk.on_connection_lost(*connection, turn);
  impl_->worker_desk.on_connection_lost(*connection, turn);
  if (connection->is_manager) impl_->managers.on_connection_lost(peer);
  impl_->connections.erase(peer);
  impl_->settle(turn);
}

void Scheduler::on_message(PeerId from, wire::Message message, Bytes frame, TimePoint now,
                           Outbox& out) {
  Turn turn{now, out};
  Connection* connection = impl_->connections.find(from);
  if (connection == nullptr) return;  // it has been dropped, and is still being read
  impl_->note_life(*connection, now);
  impl_->dispatch({from, *connection}, message, frame, turn);
  impl_->settle(turn);
}

void Scheduler::Impl::settle(Turn& turn) {
  graphs.drain(turn);
  client_desk.forget_idle();
}

bool Scheduler::run_turn(TimePoint now, Outbox& out) {
  Turn turn{now, out};
  Impl& core = *impl_;
  std::size_t budget = operations_per_turn;
  core.worker_desk.work_off(budget, turn);
  const auto share = [&budget](std::size_t parts, auto&& work_off) {
    std::size_t part = budget / parts;
    budget -= part;
    work_off(part);
    budget += part;  // what is left of it
  };
  share(3, [&](std::size_t& part) { core.graphs.work_off(part, turn); });
  share(2, [&](std::size_t& part) { core.client_desk.work_off(part, turn); });
  // What a lost worker held goes before what waits, so nothing is placed until all of it is back.
  if (!core.worker_desk.hands_back())
    while (budget > 0 && core.flow.place_one(turn)) --budget;
  core.graphs.work_off(budget, turn);
  core.client_desk.work_off(budget, turn);
  core.scaling_desk.look_if_due(turn);
  core.settle(turn);
  const bool deletes_more = core.object_desk.delete_released(turn);
  const bool more = deletes_more || core.worker_desk.has_work() || core.graphs.has_work() ||
                    core.client_desk.has_work() || core.placement.may_place();
  if (!more) core.flow.announce_waiting(turn);
  return more;
}

// ---- time ----

void Scheduler::Impl::arm(TimePoint now) {
  if (!is_deserted()) return;
  tick_at = now + tick_interval;
  if (options.load_balance_interval >= Duration::zero())
    balance_at = now + std::max(options.load_balance_interval, balance_interval_least);
}

bool Scheduler::Impl::is_deserted() const {
  return connections.size() == 0 && clients.size() == 0 && workers.by_identity().empty() &&
         managers.by_id().empty() && objects.waiting_deletions() == 0;
}

std::optional<TimePoint> Scheduler::next_deadline() const {
  if (impl_->is_deserted()) return std::nullopt;
  std::optional<TimePoint> next = impl_->tick_at;
  for (const auto& other : {impl_->balance_at, impl_->worker_desk.next_grace(),
                            impl_->scaling_desk.next_look(), impl_->object_desk.next_deletion()})
    if (other && (!next || *other < *next)) next = other;
  return next;
}

void Scheduler::on_deadline(TimePoint now, Outbox& out) {
  Turn turn{now, out};
  Impl& core = *impl_;
  core.worker_desk.end_graces(turn);
  if (core.tick_at && *core.tick_at <= now) {
    core.tick_at = now + tick_interval;
    core.on_tick(turn);
  }
  if (core.balance_at && *core.balance_at <= now) {
    core.balance_at = now + std::max(core.options.load_balance_interval, balance_interval_least);
    core.on_balance(turn);
  }
  core.scaling_desk.look_if_due(turn);
  core.settle(turn);
}

void Scheduler::Impl::on_tick(Turn& turn) {
  client_desk.forget_silent(turn);
  worker_desk.forget_silent(turn);
  managers.forget_silent(turn.now);
  object_desk.delete_expired(turn);
  if (objects.has_expired(turn.now)) tick_at = turn.now;  // the rest next turn
}

void Scheduler::Impl::on_balance(Turn& turn) {
  const Advice advice = advise(options.allocation, tasks, workers, placement, turn.now);
  if (!advice_gate.passes(advice)) return;
  for (const Move& move : advice) {
    log::info("balancing: {} gives back {} tasks", worker_name(workers[move.worker].identity),
              move.tasks.size());
    monitor.advice(workers[move.worker].identity, move.tasks, turn);
  }
  for (const Move& move : advice)
    for (const TaskId& id : move.tasks) flow.balance_cancel(tasks.find(id), turn);
}

// ---- looking ----

void Scheduler::set_monitored(bool somebody_listens) { impl_->monitor.listen(somebody_listens); }

wire::StateScheduler Scheduler::status(TimePoint now) const {
  return status_of(impl_->tasks, impl_->clients, impl_->workers, impl_->managers, impl_->objects,
                   now);
}

Explanation Scheduler::explain(const TaskId& task) const {
  return impl_->inquiry_desk.explain(task);
}

TaskList Scheduler::list_tasks(const TaskFilter& filter) const {
  return impl_->inquiry_desk.list(filter);
}

DrainAnswer Scheduler::drain(std::string_view worker, TimePoint now, Outbox& out) {
  Turn turn{now, out};
  DrainAnswer answer = impl_->worker_desk.drain(worker, turn);
  impl_->settle(turn);
  return answer;
}

std::vector<Bytes> Scheduler::draining() const { return impl_->worker_desk.draining(); }

const Scheduler::Counters& Scheduler::counters() const { return impl_->counters; }

void Scheduler::check_invariants() const {
  impl_->placement.check_invariants();
  impl_->objects.check_invariants();
  impl_->graphs.check_invariants();
  impl_->check_tasks();
}

void Scheduler::Impl::check_tasks() const {
  std::size_t owned = 0;
  std::array<std::uint64_t, 4> in_state{};
  std::size_t held = 0;
  std::size_t objects_held = graphs.holds();
  std::size_t ahead = 0;
  const auto check_client = [&](Index client) {
    std::uint32_t seen = 0;
    for (Index at = clients[client].tasks.head; at != none; at = tasks[at].of_client.next, ++seen) {
      const Task& task = tasks[at];
      SCALER_ASSERT(task.client == client, "a task in the list of another client");
      SCALER_ASSERT(tasks.find(task.id) == at, "a task that is not found by its id");
      SCALER_ASSERT((task.worker == none) == (task.state == State::inactive),
                    "inactive means: on no worker");
      held += task.worker != none;
      ahead += task.ahead;
      SCALER_ASSERT(!task.ahead || task.worker != none, "a task that waits for a place is ahead");
      objects_held += 1 + tasks.arguments_of(at).size();
      if (task.state != State::abandoned) ++in_state[static_cast<std::size_t>(task.state)];
    }
    SCALER_ASSERT(seen == clients[client].tasks.size, "a client's tasks have lost count");
    owned += seen;
  };
  for (const auto& [identity, client] : clients.by_identity()) {
    check_client(client);
    SCALER_ASSERT(!clients.is_idle(client), "an unregistered client without tasks is kept");
  }
  for (const Index client : clients.gone()) check_client(client);
  SCALER_ASSERT(owned == tasks.size(), "a task without an owner");
  std::uint64_t wanted = 0;
  for (const TaskDemand& entry : placement.demand()) wanted += entry.tasks;
  SCALER_ASSERT(wanted == tasks.size() - ahead, "tasks that were sent ahead ask for no workers");
  for (std::size_t state = 0; state < in_state.size(); ++state)
    SCALER_ASSERT(in_state[state] == tasks.count(static_cast<wire::TaskState>(state)),
                  "a gauge differs from the tasks in that state");

  for (const auto& [identity, index] : workers.by_identity()) {
    const Worker& worker = workers[index];
    SCALER_ASSERT(worker.to_ask == none || worker.returning, "only who returns is asked");
    std::uint32_t seen = 0;
    std::uint32_t leaving = 0;
    std::unordered_map<Index, std::uint32_t> by_client;
    for (Index at = worker.tasks.head; at != none; at = tasks[at].place.next, ++seen) {
      SCALER_ASSERT(tasks[at].worker == index, "a task in the list of another worker");
      leaving += tasks[at].state == State::balance_canceling;
      ++by_client[clients[tasks[at].client].serial];
    }
    SCALER_ASSERT(seen == worker.tasks.size, "a worker's tasks have lost count");
    SCALER_ASSERT(leaving == worker.leaving_tasks, "a worker has lost count of what leaves it");
    for (const auto& [serial, holding] : worker.holdings)
      SCALER_ASSERT(holding.tasks == by_client[serial], "holdings differ from the tasks held");
    SCALER_ASSERT(
        (worker.group != none) == (worker.standing == WorkerStanding::present && worker.peer &&
                                   !worker.retiring_since && !worker.draining && !worker.returning),
        "work is placed on exactly the connected workers that are to stay");
    held -= seen;
  }
  SCALER_ASSERT(held == 0, "a task on a worker that is not known");
  SCALER_ASSERT(objects_held == objects.holds(), "objects are held by who has ended, or by nobody");
}

}  // namespace scaler::scheduler
