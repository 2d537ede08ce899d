#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "roles/network_backend.hpp"
#include "roles/role_signals.hpp"
#include "roles/worker_processes.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/config/logging.hpp"
#include "scaler/config/values.hpp"
#include "scaler/manager/worker_manager.hpp"
#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/roles/readiness.hpp"
#include "scaler/roles/roles.hpp"
#include "scaler/wire/codec.hpp"

namespace scaler::roles {

namespace {

constexpr Duration farewell_patience = 1s;  // how long the last answer may take to leave

manager::CrewOptions crew_options(const config::WorkerManagerOptions& options) {
  manager::CrewOptions crew;
  const bool fixed = options.mode == config::ManagerMode::fixed;
  crew.type = options.worker_type.empty() ? (fixed ? "FIX" : "NAT") : options.worker_type;
  crew.names = options.worker_names;
  crew.random_seed = Random::from_system().next();
  return crew;
}

// ---- fixed ----

// A fixed number of workers on this host. Ends when all of them were sent home.
class FixedManager {
 public:
  FixedManager(net::Loop& loop, const config::WorkerManagerOptions& options)
      : loop_(loop),
        options_(options),
        crew_(crew_options(options)),
        processes_(loop, options,
                   {[this](const auto& id, const auto& why) {
                      crew_.on_not_started(id, why, loop_.now(), effects_);
                    },
                    [this](const auto& id, const auto& end) {
                      crew_.on_ended(id, end, loop_.now(), effects_);
                    }}),
        signals_(
            loop, [this](const char* name) { stop(name); }, [this] { processes_.reopen_logs(); }),
        deadline_(loop, [this] { crew_.on_deadline(loop_.now(), effects_); }),
        end_of_turn_(loop.before_poll([this] { end_turn(); })) {}

  void start() {
    log::info("{}", config::lines::cluster_starts(options_.max_task_concurrency,
                                                  options_.tuning.heartbeat_interval_seconds));
    for (std::int64_t i = 0; i < options_.max_task_concurrency; ++i)
      crew_.start(loop_.now(), effects_);
    perform();
  }
  bool finished() const { return crew_.empty(); }
  int exit_code() const { return crew_.failure() ? 1 : 0; }

 private:
  void perform() {
    while (!effects_.empty()) processes_.perform(std::exchange(effects_, {}));
  }
  void end_turn() {
    perform();
    if (crew_.failure() && !std::exchange(has_complained_, true))
      log::error("{}, the worker manager ends", *crew_.failure());
    if (crew_.empty()) return loop_.stop();
    if (const auto next = crew_.next_deadline())
      deadline_.start_at(*next);
    else
      deadline_.stop();
  }
  void stop(const char* signal) {
    if (!std::exchange(stopping_, true)) log::info("received signal {}, stopping workers", signal);
    crew_.stop_all(loop_.now(), effects_);
  }

  net::Loop& loop_;
  const config::WorkerManagerOptions& options_;
  manager::Crew crew_;
  manager::Effects effects_;
  WorkerProcesses processes_;
  RoleSignals signals_;
  net::Timer deadline_;
  std::unique_ptr<net::Loop::Token> end_of_turn_;
  bool stopping_ = false;
  bool has_complained_ = false;
};

// ---- dynamic ----

manager::Options manager_options(const config::WorkerManagerOptions& options) {
  manager::Options result;
  result.manager_id = options.worker_manager_id;
  if (auto parsed = config::parse_capabilities(options.tuning.per_worker_capabilities))
    for (auto& [name, value] : *parsed) result.capabilities.push_back({name, value});
  result.workers_max = options.max_task_concurrency;
  result.heartbeat_interval = std::chrono::seconds(options.tuning.heartbeat_interval_seconds);
  result.crew = crew_options(options);
  return result;
}

net::DealerOptions scheduler_dealer(const config::WorkerManagerOptions& options) {
  net::DealerOptions result;
  result.address = options.scheduler_address;
  // Of this form a scheduler knows that it may send commands at once.
  result.identity = "worker_manager_native|" + Random::from_system().hex(32);
  const char* backend = std::getenv("SCALER_NETWORK_BACKEND");
  result.protocol =
      first_protocol(backend ? std::optional<std::string_view>(backend) : std::nullopt);
  result.tries_both_protocols = true;
  return result;
}

// As many workers on this host as the scheduler asks for. Stays when the scheduler goes.
class DynamicManager : private net::DealerEvents {
 public:
  DynamicManager(net::Loop& loop, const config::WorkerManagerOptions& options)
      : loop_(loop),
        options_(options),
        core_(manager_options(options)),
        processes_(
            loop, options,
            {[this](const auto& id, const auto& why) {
               core_.on_not_started(id, why, loop_.now());
             },
             [this](const auto& id, const auto& end) { core_.on_ended(id, end, loop_.now()); }}),
        scheduler_(loop, scheduler_dealer(options), *this),
        signals_(
            loop, [this](const char* name) { stop(name); }, [this] { processes_.reopen_logs(); }),
        deadline_(loop, [this] { core_.on_deadline(loop_.now()); }),
        end_of_turn_(loop.before_poll([this] { end_turn(); })) {
    log::info("worker manager {} starts, scheduler {}", options.worker_manager_id,
              options.scheduler_address.to_string());
  }

  int exit_code() const { return core_.crew().failure() ? 1 : 0; }

 private:
  void on_connected() override {
    connected_ = true;
    log::info("connected to scheduler {}", options_.scheduler_address.to_string());
    core_.on_connected(loop_.now());
  }
  void on_disconnected(std::string_view why) override {
    core_.on_lost();
    if (const auto more = absences_.allow(loop_.now()); more && !closing_)
      log::warning("{} scheduler {} ({}), connecting again",
                   std::exchange(connected_, false) ? "lost" : "cannot reach",
                   options_.scheduler_address.to_string(), why);
  }
  void on_message(Bytes payload) override {
    auto message = wire::decode_for_manager(payload);
    if (message) return core_.on_message(*message, loop_.now());
    if (auto more = bad_messages_.allow(loop_.now()))
      log::warning("a message of {} bytes is dropped: {} ({} more since the last line)",
                   payload.size(), message.error().text, *more);
  }

  void end_turn() {
    if (closing_) return;
    for (auto effects = core_.take_effects(); !effects.empty(); effects = core_.take_effects())
      processes_.perform(effects);
    for (const wire::Message& message : core_.take_messages())
      scheduler_.send(wire::encode(message));
    if (core_.finished()) return close();
    if (const auto next = core_.next_deadline())
      deadline_.start_at(*next);
    else
      deadline_.stop();
  }
  void stop(const char* signal) {
    if (!std::exchange(stopping_, true)) log::info("received signal {}, stopping workers", signal);
    core_.stop(loop_.now());
  }
  void close() {
    closing_ = true;
    deadline_.stop();
    scheduler_.shut_down(farewell_patience, [this] { loop_.stop(); });
  }

  net::Loop& loop_;
  const config::WorkerManagerOptions& options_;
  manager::WorkerManager core_;
  WorkerProcesses processes_;
  net::Dealer scheduler_;
  RoleSignals signals_;
  net::Timer deadline_;
  std::unique_ptr<net::Loop::Token> end_of_turn_;
  log::RateLimit absences_{1, 10s};
  log::RateLimit bad_messages_{5, 10s};
  bool connected_ = false;
  bool stopping_ = false;
  bool closing_ = false;
};

int refuse(const std::string& why) {
  log::error("worker manager: {}", why);
  return 2;
}

int run_fixed(const config::WorkerManagerOptions& options) {
  if (options.max_task_concurrency < 0)
    return refuse("mode fixed needs a number of workers, --max-task-concurrency is -1");
  Readiness readiness;
  net::Loop loop;
  FixedManager manager(loop, options);
  manager.start();
  readiness.announce();
  if (!manager.finished()) loop.run();
  return manager.exit_code();
}

int run_dynamic(const config::WorkerManagerOptions& options) {
  Readiness readiness;
  net::Loop loop;
  DynamicManager manager(loop, options);
  readiness.announce();
  loop.run();
  return manager.exit_code();
}

}  // namespace

int run_worker_manager(const config::WorkerManagerOptions& options) {
  if (options.kind != "baremetal_native")
    return refuse(options.kind + " is not built in yet, baremetal_native is");
  return options.mode == config::ManagerMode::fixed ? run_fixed(options) : run_dynamic(options);
}

}  // namespace scaler::roles
