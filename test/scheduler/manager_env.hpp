#pragma once

#include <catch2/catch.hpp>

#include "scheduler/env.hpp"

namespace scaler::scheduler {

// A scheduler that scales, with one client, and managers that do what a test says.
class ManagerEnv : public SchedulerEnv {
 public:
  static Options vanilla() {
    Options options = quiet();
    options.scaling.policy = ScalingPolicy::vanilla;
    options.worker_timeout = 1000s;
    options.client_timeout = 1000s;
    return options;
  }
  explicit ManagerEnv(Options options = vanilla()) : SchedulerEnv(std::move(options)) {
    client_ = add_client();
  }
  const TestPeer& client() const { return client_; }

  TestPeer add_manager(const std::string& id, const std::string& identity, std::uint32_t most,
                       std::vector<std::string> capabilities = {}) {
    wire::WorkerManagerHeartbeat beat{most, {}, Bytes::copy_of(id)};
    for (auto& name : capabilities) beat.capabilities.push_back({std::move(name), -1});
    const TestPeer peer = connect(identity);
    beats_[std::string(peer.identity.text())] = beat;
    this->beat(peer);
    return peer;
  }
  // One of 2.6, whose form has been found out.
  TestPeer add_wishing_manager(const std::string& id, std::uint32_t most) {
    const TestPeer peer = add_manager(id, "17|worker_manager_native|0123", most);
    live(peer, 12s);
    take<wire::WorkerManagerCommand>(peer);
    while (pending(peer) > 0) REQUIRE(take_wish(peer) == 0);
    return peer;
  }
  void beat(const TestPeer& manager) {
    say(manager, beats_.at(std::string(manager.identity.text())));
    take_echo(manager);
  }
  // Heartbeats every two seconds.
  void live(const TestPeer& manager, Duration span) {
    for (Duration left = span; left > Duration::zero();) {
      const Duration part = std::min<Duration>(left, 2s);
      advance(part);
      left -= part;
      beat(manager);
    }
  }

  void submit_many(int count) {
    for (int i = 0; i < count; ++i) submit(client_);
  }
  TestPeer join(const TestPeer& manager, const std::string& identity) {
    const auto& beat = beats_.at(std::string(manager.identity.text()));
    TestWorker worker{.slots = 1000, .identity = identity};
    worker.manager = beat.manager_id.text();
    return add_worker(worker);
  }

  std::uint32_t take_starts(const TestPeer& manager) {
    std::uint32_t starts = 0;
    while (pending(manager) > 0) {
      const auto command = take<wire::WorkerManagerCommand>(manager);
      REQUIRE(command.type == wire::ManagerCommandType::start_workers);
      ++starts;
    }
    return starts;
  }
  std::vector<Bytes> take_stops(const TestPeer& manager) {
    if (pending(manager) == 0) return {};
    const auto command = take<wire::WorkerManagerCommand>(manager);
    REQUIRE(command.type == wire::ManagerCommandType::shutdown_workers);
    return command.worker_ids;
  }
  std::uint32_t take_wish(const TestPeer& manager) { return wish_of(take_any(manager)); }
  std::uint32_t last_wish(const TestPeer& manager) {
    std::uint32_t wish = ~0U;
    while (pending(manager) > 0) wish = take_wish(manager);
    return wish;
  }

  void answer_start(const TestPeer& manager, const std::string& worker) {
    say(manager, wire::WorkerManagerCommandResponse{wire::ManagerCommandType::start_workers,
                                                    wire::ManagerResponseStatus::success,
                                                    {Bytes::copy_of(worker)},
                                                    {}});
  }
  void answer_stop(const TestPeer& manager, std::vector<Bytes> workers) {
    say(manager, wire::WorkerManagerCommandResponse{wire::ManagerCommandType::shutdown_workers,
                                                    wire::ManagerResponseStatus::success,
                                                    std::move(workers),
                                                    {}});
  }
  std::uint32_t pending_workers(const std::string& id) const {
    for (const auto& detail : status().managers)
      if (detail.manager_id.text() == id) return detail.pending_workers;
    return ~0U;
  }

 private:
  void take_echo(const TestPeer& manager) {
    std::vector<wire::Message> others;
    bool found = false;
    while (pending(manager) > 0) {
      wire::Message message = take_any(manager);
      if (!found && std::holds_alternative<wire::WorkerManagerHeartbeatEcho>(message))
        found = true;
      else
        others.push_back(std::move(message));
    }
    REQUIRE(found);
    for (auto& message : others) put_back(manager, std::move(message));
  }
  static std::uint32_t wish_of(const wire::Message& message) {
    const auto& command = std::get<wire::WorkerManagerCommand>(message);
    REQUIRE(command.dialect == wire::ManagerDialect::v2_6);
    REQUIRE(command.desired.size() == 1);
    return command.desired[0].task_concurrency;
  }

  TestPeer client_;
  std::map<std::string, wire::WorkerManagerHeartbeat> beats_;
};

}  // namespace scaler::scheduler
