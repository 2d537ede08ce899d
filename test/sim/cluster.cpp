#include "sim/actors.hpp"

namespace scaler::sim {

namespace {

constexpr Duration disturbed_time = 40s;
constexpr Duration patience = 1000s;

scheduler::Options options_for(std::uint64_t seed) {
  scheduler::Options options;
  options.client_timeout = 20s;
  options.worker_timeout = 10s;
  options.worker_reconnect_grace = 3s;
  options.task_retries_max = seed % 3 == 0 ? 2 : 1000;
  options.load_balance_interval = 1s;
  options.allocation =
      seed % 2 == 0 ? scheduler::Allocation::even_load : scheduler::Allocation::capability;
  if (seed % 3 > 0) options.copies_bytes_max = seed % 3 == 1 ? 0 : 2000;
  options.object_retention = (seed % 4) * 1s;
  options.random_seed = seed;
  return options;
}

}  // namespace

Cluster::Cluster(std::uint64_t seed) : network(seed, options_for(seed)) {
  network.when_stored = [this] {
    for (auto& worker : workers_) worker->look_again();
  };
}

Client& Cluster::add_client(std::int32_t priority) {
  clients_.push_back(
      std::make_unique<Client>(*this, "Client|" + std::to_string(next_name_++), priority));
  Client& client = *clients_.back();
  client.connect();
  return client;
}

Worker& Cluster::add_worker() {
  const auto slots = static_cast<std::uint32_t>(1 + network.random.below(6));
  workers_.push_back(std::make_unique<Worker>(*this, "Worker|" + std::to_string(next_name_++),
                                              slots, network.chance(50)));
  workers_.back()->connect();
  return *workers_.back();
}

void Cluster::disturb() {
  if (calm_) return;
  auto& random = network.random;
  Client& client = *clients_[random.below(clients_.size())];
  Worker& worker = *workers_[random.below(workers_.size())];
  const auto come_back = [this](Node& node) {
    network.at(network.now + network.random_delay(10ms, 6s), [&node] { node.connect(); });
  };
  const std::uint64_t what = random.below(100);
  const bool is_top_level = client.is_alive() && !client.is_leaving() && !client.is_nested();
  if (what < 30 && is_top_level) {
    client.submit_some(1 + static_cast<unsigned>(random.below(12)));
  } else if (what < 38 && is_top_level) {
    client.submit_graph();
  } else if (what < 50 && client.is_alive() && !client.is_leaving()) {
    client.cancel_something();
  } else if (what < 60) {
    worker.cut();
    come_back(worker);
  } else if (what < 68) {
    client.cut();
    come_back(client);
  } else if (what < 72) {
    worker.kill();
    add_worker();
  } else if (what < 75) {
    worker.leave();
    add_worker();
  } else if (what < 79 && worker.is_alive()) {
    worker.hang(network.random_delay(1s, 25s));
  } else if (what < 81 && is_top_level) {
    network.chance(50) ? client.kill() : client.leave();
    add_client(0);
  } else if (what < 84) {
    add_worker();
  }
  network.at(network.now + network.random_delay(1ms, 600ms), [this] { disturb(); });
}

bool Cluster::all_content() const {
  for (const auto& client : clients_)
    if (client->is_alive() && !client->is_content()) return false;
  return true;
}

void Cluster::run() {
  for (int i = 0; i < 3; ++i) add_client(0);
  for (int i = 0; i < 3; ++i) add_worker();
  disturb();
  network.run_until(network.now + disturbed_time);
  calm_ = true;
  // Somebody who can do anything is there in the end.
  auto sure = std::make_unique<Worker>(*this, "Worker|sure", 8, true);
  sure->connect();
  workers_.push_back(std::move(sure));
  const TimePoint limit = network.now + patience;
  do {  // a task that runs twice may still ask for more after its client has its answer
    network.run_until(limit, [this] { return all_content(); });
    network.run_until(network.now + 1s);
  } while (!all_content() && network.now < limit);
  for (const auto& client : clients_)
    if (client->is_alive() && !client->is_leaving()) client->check_answers();

  for (std::size_t i = 0; i < clients_.size(); ++i)
    if (clients_[i]->is_alive() && !clients_[i]->is_leaving()) clients_[i]->leave();
  network.run_until(network.now + 60s);
  for (std::size_t i = 0; i < workers_.size(); ++i)
    if (workers_[i]->is_alive()) workers_[i]->leave();
  network.run_until(network.now + 60s);

  network.core.check_invariants();
  const auto status = network.core.status(network.now);
  for (const auto& entry : status.tasks)
    if (entry.state < wire::TaskState::success)
      SCALER_ASSERT(entry.count == 0, "a task is left over");
  SCALER_ASSERT(status.clients.empty() && status.workers.empty(), "a peer is left over");
  SCALER_ASSERT(status.objects == 0, "an object is left over");
  for (const ObjectId& id : network.announced)
    SCALER_ASSERT(network.deleted.contains(id), "an object is left over in storage");
  SCALER_ASSERT(!network.core.next_deadline(), "something is still waited for");
}

}  // namespace scaler::sim
