#include "sim/scaling_cluster.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "scaler/base/assert.hpp"
#include "scaler/wire/codec.hpp"
#include "sim/peer_policy.hpp"

namespace scaler::sim {

namespace {

constexpr Duration heartbeat_interval = 2s;
constexpr Duration sample_interval = 500ms;
constexpr PeerId client_peer{1, 1};

struct PlainWorker {
  std::string id;
  std::size_t manager = 0;
  std::optional<PeerId> peer;  // none: still starting
  std::deque<TaskId> queue;    // the first one runs
  TimePoint began{};
};

scheduler::CapabilityNames names_of(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

class ScalingCluster {
 public:
  ScalingCluster(const Scenario& scenario, Decider decider)
      : scenario_(scenario), decider_(decider), core_(options(scenario, decider)) {}

  Outcome run();

 private:
  struct Manager {
    PeerId peer;
    std::uint32_t pending = 0;
    bool alive = true;
  };
  struct Job {
    TimePoint arrived{};
    Duration length{};
    scheduler::CapabilityNames names;
  };

  static scheduler::Options options(const Scenario& scenario, Decider decider) {
    scheduler::Options options;
    options.allocation =
        scenario.policy == ScalingPolicy::capability || scenario.policy == ScalingPolicy::waterfall
            ? scheduler::Allocation::capability
            : scheduler::Allocation::even_load;
    options.worker_reconnect_grace = 0s;
    options.client_timeout = 10'000s;
    if (decider == Decider::peer) return options;
    options.scaling.policy = scenario.policy;
    options.scaling.waterfall = scenario.rules;
    return options;
  }

  void at(Duration time, std::function<void()> what) {
    events_.emplace(TimePoint(time), std::move(what));
  }
  void after(Duration time, std::function<void()> what) {
    events_.emplace(now_ + time, std::move(what));
  }
  PeerId connect(const std::string& identity) {
    const PeerId peer{next_peer_++, 1};
    core_.on_peer(peer, Bytes::copy_of(identity), now_, out_);
    return peer;
  }
  void say(PeerId from, const wire::Message& message) {
    core_.on_message(from, message, wire::encode(message), now_, out_);
  }
  void turn();
  void perform(scheduler::Effect effect);

  void submit(const Arrival& arrival);
  void beat(std::size_t manager);
  void kill_manager(std::size_t manager);
  void command(std::size_t manager, const wire::WorkerManagerCommand& command);
  PeerView view_of(std::size_t manager) const;

  std::string start_worker(std::size_t manager);
  void beat_worker(const std::string& id);
  void stop_worker(const std::string& id);
  void give(PlainWorker& worker, const TaskId& task);
  void run_next(PlainWorker& worker);
  void finish(const std::string& id, const TaskId& task);
  void sample();
  std::uint32_t workers_of(std::size_t manager) const;

  const Scenario& scenario_;
  Decider decider_;
  scheduler::Scheduler core_;
  scheduler::Outbox out_;
  TimePoint now_{};
  std::multimap<TimePoint, std::function<void()>> events_;
  std::vector<Manager> managers_;
  std::map<std::string, PlainWorker> workers_;
  std::map<PeerId, std::string> worker_ids_;
  std::map<TaskId, Job> jobs_;  // not ended
  std::uint32_t next_peer_ = 1;
  std::uint64_t next_id_ = 1;
  Outcome outcome_;
};

Outcome ScalingCluster::run() {
  const PeerId client = connect("Client|1");
  SCALER_ASSERT(client == client_peer, "the client connects first");
  say(client, wire::ClientHeartbeat{});
  for (std::size_t i = 0; i < scenario_.managers.size(); ++i) {
    managers_.push_back({connect("worker_manager_native|" + std::to_string(i))});
    // Managers do not beat in step.
    at(1ms + i * heartbeat_interval / scenario_.managers.size(), [this, i] { beat(i); });
    if (scenario_.managers[i].dies_at < scenario_.span)
      at(scenario_.managers[i].dies_at, [this, i] { kill_manager(i); });
  }
  for (const Arrival& arrival : scenario_.load)
    at(arrival.at, [this, &arrival] { submit(arrival); });
  sample();
  const TimePoint end{scenario_.span};
  while (now_ < end) {
    const auto deadline = core_.next_deadline();
    const TimePoint event = events_.empty() ? end : events_.begin()->first;
    const TimePoint next = std::min({end, event, deadline.value_or(end)});
    outcome_.worker_seconds += std::chrono::duration<double>(std::max(next, now_) - now_).count() *
                               static_cast<double>(workers_.size());
    now_ = std::max(next, now_);
    if (!events_.empty() && events_.begin()->first <= now_) {
      const auto what = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      what();
    } else if (deadline && *deadline <= now_) {
      core_.on_deadline(now_, out_);
    }
    turn();
  }
  return std::move(outcome_);
}

void ScalingCluster::turn() {
  bool more = true;
  while (more) {
    more = core_.run_turn(now_, out_) || !out_.empty();
    for (scheduler::Effect& effect : std::exchange(out_, {})) perform(std::move(effect));
  }
}

void ScalingCluster::perform(scheduler::Effect effect) {
  if (auto* forward = std::get_if<scheduler::Forward>(&effect)) {
    const auto message = wire::decode(forward->frame);
    const auto worker = worker_ids_.find(forward->to);
    if (worker == worker_ids_.end()) return;
    if (const auto* task = std::get_if<wire::Task>(&*message))
      give(workers_.at(worker->second), task->id);
  } else if (auto* send = std::get_if<scheduler::Send>(&effect)) {
    if (const auto* order = std::get_if<wire::WorkerManagerCommand>(&send->message))
      for (std::size_t i = 0; i < managers_.size(); ++i)
        if (managers_[i].peer == send->to && managers_[i].alive) command(i, *order);
    const auto* cancel = std::get_if<wire::TaskCancel>(&send->message);
    const auto worker = worker_ids_.find(send->to);
    if (cancel == nullptr || worker == worker_ids_.end()) return;
    auto& queue = workers_.at(worker->second).queue;  // balancing: what runs stays
    const auto found = std::find(queue.begin(), queue.end(), cancel->id);
    const bool waits = found != queue.end() && found != queue.begin();
    if (waits) queue.erase(found);
    say(send->to,
        wire::TaskCancelConfirm{cancel->id, waits ? wire::CancelConfirmType::canceled
                                                  : wire::CancelConfirmType::cancel_failed});
  }
}

// ---- the load ----

void ScalingCluster::submit(const Arrival& arrival) {
  for (std::uint32_t i = 0; i < arrival.tasks; ++i) {
    wire::Task task;
    store_be64(task.id.bytes.data(), next_id_++);
    task.source = Bytes::copy_of("Client|1");
    for (const std::string& name : arrival.capabilities) task.capabilities.push_back({name, -1});
    jobs_[task.id] = {now_, arrival.length, names_of(arrival.capabilities)};
    say(client_peer, task);
  }
}

// ---- managers ----

void ScalingCluster::beat(std::size_t index) {
  Manager& manager = managers_[index];
  if (!manager.alive) return;
  const SimManager& plan = scenario_.managers[index];
  wire::WorkerManagerHeartbeat beat{plan.workers_max, {}, Bytes::copy_of(plan.id)};
  for (const std::string& name : plan.capabilities) beat.capabilities.push_back({name, -1});
  say(manager.peer, beat);
  if (decider_ == Decider::peer) {
    const PeerCommands commands = peer_commands(scenario_.policy, scenario_.rules, view_of(index));
    for (std::uint32_t i = 0; i < commands.starts; ++i)
      if (workers_of(index) < plan.workers_max) start_worker(index);
    for (const std::string& id : commands.stops) stop_worker(id);
  }
  after(heartbeat_interval, [this, index] { this->beat(index); });
}

PeerView ScalingCluster::view_of(std::size_t index) const {
  PeerView view;
  std::map<scheduler::CapabilityNames, std::uint64_t> demand;
  for (const auto& [id, job] : jobs_) ++demand[job.names];
  for (const auto& [names, tasks] : demand) view.demand.push_back({names, tasks});
  for (const auto& [id, worker] : workers_) {
    const SimManager& manager = scenario_.managers[worker.manager];
    if (worker.peer)
      view.workers.push_back({id, manager.id, names_of(manager.capabilities),
                              static_cast<std::uint32_t>(worker.queue.size())});
    else if (worker.manager == index)
      ++view.pending;
  }
  for (std::size_t i = 0; i < managers_.size(); ++i) {
    if (!managers_[i].alive) continue;
    if (i == index) view.self = view.managers.size();
    const SimManager& manager = scenario_.managers[i];
    view.managers.push_back({manager.id, manager.workers_max, names_of(manager.capabilities)});
  }
  return view;
}

void ScalingCluster::command(std::size_t index, const wire::WorkerManagerCommand& command) {
  using Type = wire::ManagerCommandType;
  using Status = wire::ManagerResponseStatus;
  wire::WorkerManagerCommandResponse answer{command.type, Status::success, {}, {}};
  if (command.type == Type::start_workers) {
    if (workers_of(index) >= scenario_.managers[index].workers_max)
      answer.status = Status::too_many_workers;
    else
      answer.worker_ids.push_back(Bytes::copy_of(start_worker(index)));
  } else {
    answer.worker_ids = command.worker_ids;
    for (const Bytes& id : command.worker_ids) stop_worker(std::string(id.text()));
  }
  say(managers_[index].peer, answer);
}

void ScalingCluster::kill_manager(std::size_t index) {
  managers_[index].alive = false;
  core_.on_peer_lost(managers_[index].peer, now_, out_);
  std::vector<std::string> lost;
  for (const auto& [id, worker] : workers_)
    if (worker.manager == index) lost.push_back(id);
  for (const std::string& id : lost) {
    const PlainWorker worker = std::move(workers_.extract(id).mapped());
    if (!worker.peer) continue;
    worker_ids_.erase(*worker.peer);
    core_.on_peer_lost(*worker.peer, now_, out_);
  }
}

// ---- workers ----

std::uint32_t ScalingCluster::workers_of(std::size_t manager) const {
  return static_cast<std::uint32_t>(
      std::count_if(workers_.begin(), workers_.end(),
                    [&](const auto& entry) { return entry.second.manager == manager; }));
}

std::string ScalingCluster::start_worker(std::size_t manager) {
  const std::string id = "Worker|" + std::to_string(100'000 + next_id_++);
  workers_[id] = {id, manager, std::nullopt, {}, {}};
  ++outcome_.starts;
  outcome_.peak = std::max(outcome_.peak, static_cast<std::uint32_t>(workers_.size()));
  after(scenario_.worker_start, [this, id] {
    const auto found = workers_.find(id);
    if (found == workers_.end()) return;
    found->second.peer = connect(id);
    worker_ids_[*found->second.peer] = id;
    beat_worker(id);
  });
  return id;
}

void ScalingCluster::beat_worker(const std::string& id) {
  const auto found = workers_.find(id);
  if (found == workers_.end()) return;
  const SimManager& manager = scenario_.managers[found->second.manager];
  wire::WorkerHeartbeat beat;
  beat.queue_size = 1000;
  beat.manager_id = Bytes::copy_of(manager.id);
  for (const std::string& name : manager.capabilities) beat.capabilities.push_back({name, -1});
  say(*found->second.peer, beat);
  after(heartbeat_interval, [this, id] { beat_worker(id); });
}

void ScalingCluster::stop_worker(const std::string& id) {
  const auto found = workers_.find(id);
  if (found == workers_.end()) return;
  const PlainWorker worker = std::move(found->second);
  workers_.erase(found);
  ++outcome_.stops;
  if (!worker.queue.empty()) ++outcome_.busy_stopped;
  if (!worker.peer) return;
  worker_ids_.erase(*worker.peer);
  say(*worker.peer, wire::DisconnectRequest{Bytes::copy_of(id)});
  core_.on_peer_lost(*worker.peer, now_, out_);
}

void ScalingCluster::give(PlainWorker& worker, const TaskId& task) {
  worker.queue.push_back(task);
  if (worker.queue.size() == 1) run_next(worker);
}

void ScalingCluster::run_next(PlainWorker& worker) {
  if (worker.queue.empty()) return;
  const TaskId task = worker.queue.front();
  after(jobs_.at(task).length, [this, id = worker.id, task] { finish(id, task); });
}

void ScalingCluster::finish(const std::string& id, const TaskId& task) {
  const auto found = workers_.find(id);
  if (found == workers_.end()) return;  // it was stopped while it ran this
  PlainWorker& worker = found->second;
  worker.queue.pop_front();
  const Job job = std::move(jobs_.extract(task).mapped());
  ++outcome_.tasks_done;
  outcome_.last_task_done = now_.time_since_epoch();
  outcome_.task_seconds_waited +=
      std::chrono::duration<double>(now_ - job.arrived - job.length).count();
  wire::TaskResult result{task, wire::TaskResultType::success, {}, {ObjectId{}}};
  store_be64(result.results[0].bytes.data(), next_id_++);
  say(*worker.peer, result);
  run_next(worker);
}

void ScalingCluster::sample() {
  outcome_.samples.push_back({now_.time_since_epoch(), static_cast<std::uint32_t>(jobs_.size()),
                              static_cast<std::uint32_t>(workers_.size())});
  after(sample_interval, [this] { sample(); });
}

}  // namespace

Outcome simulate(const Scenario& scenario, Decider decider) {
  return ScalingCluster(scenario, decider).run();
}

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all;
  const auto add = [&](std::string name, ScalingPolicy policy) -> Scenario& {
    all.push_back({.name = std::move(name), .policy = policy});
    return all.back();
  };
  add("burst", ScalingPolicy::vanilla).load = {{5s, 200, 500ms}};

  Scenario& pulses = add("pulses", ScalingPolicy::vanilla);
  for (int i = 0; i < 12; ++i) pulses.load.push_back({5s + i * 4s, 4, 500ms});

  Scenario& ramp = add("ramp", ScalingPolicy::vanilla);
  for (int second = 0; second < 40; ++second)
    ramp.load.push_back({second * 1s, static_cast<std::uint32_t>(1 + second / 2), 400ms});
  ramp.span = 90s;

  Scenario& tail = add("long tail", ScalingPolicy::vanilla);
  tail.load = {{5s, 60, 500ms}, {6s, 3, 20s}};
  tail.span = 90s;

  Scenario& pair = add("two managers", ScalingPolicy::vanilla);
  pair.managers = {{"a"}, {"b"}};
  pair.load = {{5s, 60, 1s}};

  Scenario& lost = add("a manager dies", ScalingPolicy::vanilla);
  lost.managers = {{"a", 4, {}, 15s}, {"b", 8}};
  lost.load = {{5s, 120, 1s}};

  Scenario& gpu = add("capability", ScalingPolicy::capability);
  gpu.managers = {{"cpu", 4}, {"gpu", 4, {"gpu"}}};
  gpu.load = {{5s, 20, 500ms}, {20s, 20, 1s, {"gpu"}}};

  Scenario& alone = add("nobody can", ScalingPolicy::capability);
  alone.managers = {{"cpu", 4}};
  alone.load = {{5s, 20, 500ms, {"gpu"}}};

  Scenario& fall = add("waterfall", ScalingPolicy::waterfall);
  fall.managers = {{"cheap", 2}, {"dear", 8}};
  fall.rules = {{1, "cheap", 2}, {2, "dear", 6}};
  fall.load = {{5s, 80, 1s}};
  return all;
}

}  // namespace scaler::sim
