#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "roles/cloud_manager.hpp"
#include "roles/manager_link.hpp"
#include "roles/worker_keeper.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/config/logging.hpp"
#include "scaler/manager/worker_manager.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/tls_files.hpp"
#include "scaler/roles/readiness.hpp"
#include "scaler/roles/roles.hpp"

namespace scaler::roles {

namespace {

manager::CrewOptions crew_options(const config::WorkerManagerOptions& options) {
  manager::CrewOptions crew;
  const bool fixed = options.mode == config::ManagerMode::fixed;
  crew.type = options.worker_type.empty() ? (fixed ? "FIX" : "NAT") : options.worker_type;
  crew.names = options.worker_names;
  crew.random_seed = Random::from_system().next();
  return crew;
}

// ---- fixed ----

// A crew that is complete from the start.
class FixedCore {
 public:
  explicit FixedCore(manager::CrewOptions options) : crew_(std::move(options)) {}

  void start(TimePoint now) { crew_.start(now, effects_); }
  void stop(TimePoint now) { crew_.stop_all(now, effects_); }
  void on_not_started(std::string_view id, const std::string& why, TimePoint now) {
    crew_.on_not_started(id, why, now, effects_);
  }
  void on_ended(std::string_view id, const manager::WorkerEnd& end, TimePoint now) {
    crew_.on_ended(id, end, now, effects_);
  }
  void on_deadline(TimePoint now) { crew_.on_deadline(now, effects_); }
  std::optional<TimePoint> next_deadline() const { return crew_.next_deadline(); }
  manager::Effects take_effects() { return std::exchange(effects_, {}); }
  const manager::Crew& crew() const { return crew_; }

 private:
  manager::Crew crew_;
  manager::Effects effects_;
};

// A fixed number of workers on this host. Ends when all of them were sent home.
class FixedManager {
 public:
  FixedManager(net::Loop& loop, const config::WorkerManagerOptions& options)
      : loop_(loop),
        options_(options),
        core_(crew_options(options)),
        keeper_(loop, options, core_),
        end_of_turn_(loop.before_poll([this] { end_turn(); })) {}

  void start() {
    log::info("{}", config::lines::cluster_starts(options_.max_task_concurrency,
                                                  options_.tuning.heartbeat_interval_seconds));
    for (std::int64_t i = 0; i < options_.max_task_concurrency; ++i) core_.start(loop_.now());
    keeper_.perform();
  }
  bool finished() const { return core_.crew().empty(); }
  int exit_code() const { return keeper_.exit_code(); }

 private:
  void end_turn() {
    keeper_.perform();
    if (core_.crew().failure() && !std::exchange(has_complained_, true))
      log::error("{}, the worker manager ends", *core_.crew().failure());
    if (finished()) return loop_.stop();
    keeper_.wait();
  }

  net::Loop& loop_;
  const config::WorkerManagerOptions& options_;
  FixedCore core_;
  WorkerKeeper<FixedCore> keeper_;
  std::unique_ptr<net::Loop::Token> end_of_turn_;
  bool has_complained_ = false;
};

// ---- dynamic ----

manager::Options manager_options(const config::WorkerManagerOptions& options) {
  manager::Options result;
  result.manager_id = options.worker_manager_id;
  result.capabilities = capabilities_of(options.tuning);
  result.workers_max = options.max_task_concurrency;
  result.heartbeat_interval = std::chrono::seconds(options.tuning.heartbeat_interval_seconds);
  result.crew = crew_options(options);
  return result;
}

// As many workers on this host as the scheduler asks for. Stays when the scheduler goes.
class DynamicManager {
 public:
  DynamicManager(net::Loop& loop, const config::WorkerManagerOptions& options,
                 std::shared_ptr<tls::Context> tls)
      : loop_(loop),
        core_(manager_options(options)),
        keeper_(loop, options, core_),
        scheduler_(
            loop, options, "native", std::move(tls),
            {[this] { core_.on_connected(loop_.now()); }, [this] { core_.on_lost(); },
             [this](const wire::Message& message) { core_.on_message(message, loop_.now()); }}),
        end_of_turn_(loop.before_poll([this] { end_turn(); })) {}

  int exit_code() const { return keeper_.exit_code(); }

 private:
  void end_turn() {
    if (closing_) return;
    keeper_.perform();
    for (const wire::Message& message : core_.take_messages()) scheduler_.send(message);
    if (core_.finished()) return close();
    keeper_.wait();
  }
  void close() {
    closing_ = true;
    keeper_.rest();
    scheduler_.close([this] { loop_.stop(); });
  }

  net::Loop& loop_;
  manager::WorkerManager core_;
  WorkerKeeper<manager::WorkerManager> keeper_;
  ManagerLink scheduler_;
  std::unique_ptr<net::Loop::Token> end_of_turn_;
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

int run_dynamic(const config::WorkerManagerOptions& options, std::shared_ptr<tls::Context> tls) {
  Readiness readiness;
  net::Loop loop;
  DynamicManager manager(loop, options, std::move(tls));
  readiness.announce();
  loop.run();
  return manager.exit_code();
}

}  // namespace

int run_worker_manager(const config::WorkerManagerOptions& options) {
  if (!config::can_start(options.kind)) return refuse(options.kind + " is not built in yet");
  if (options.kind != "baremetal_native") return run_cloud_manager(options);
  auto tls = net::open_tls({options.tls.cert, options.tls.key});  // fixed: for its workers
  if (!tls) {
    config::report_failure("scaler_worker_manager", tls.error().text);
    return 2;
  }
  if (options.mode == config::ManagerMode::fixed) return run_fixed(options);
  return run_dynamic(options, std::move(*tls));
}

}  // namespace scaler::roles
