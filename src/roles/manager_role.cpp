#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "roles/network_backend.hpp"
#include "roles/worker_keeper.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/config/logging.hpp"
#include "scaler/manager/worker_manager.hpp"
#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/tls_files.hpp"
#include "scaler/roles/readiness.hpp"
#include "scaler/roles/roles.hpp"
#include "scaler/wire/codec.hpp"

namespace scaler::roles {

namespace {

constexpr Duration last_words_patience = 1s;  // how long the last answer may take to leave

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

net::DealerOptions scheduler_dealer(const config::WorkerManagerOptions& options,
                                    std::shared_ptr<tls::Context> tls) {
  net::DealerOptions result;
  result.tls = std::move(tls);
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
  DynamicManager(net::Loop& loop, const config::WorkerManagerOptions& options,
                 std::shared_ptr<tls::Context> tls)
      : loop_(loop),
        options_(options),
        core_(manager_options(options)),
        keeper_(loop, options, core_),
        scheduler_(loop, scheduler_dealer(options, std::move(tls)), *this),
        end_of_turn_(loop.before_poll([this] { end_turn(); })) {
    log::info("worker manager {} starts, scheduler {}", options.worker_manager_id,
              options.scheduler_address.to_string());
  }

  int exit_code() const { return keeper_.exit_code(); }

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
    keeper_.perform();
    for (const wire::Message& message : core_.take_messages())
      scheduler_.send(wire::encode(message));
    if (core_.finished()) return close();
    keeper_.wait();
  }
  void close() {
    closing_ = true;
    keeper_.rest();
    scheduler_.shut_down(last_words_patience, [this] { loop_.stop(); });
  }

  net::Loop& loop_;
  const config::WorkerManagerOptions& options_;
  manager::WorkerManager core_;
  WorkerKeeper<manager::WorkerManager> keeper_;
  net::Dealer scheduler_;
  std::unique_ptr<net::Loop::Token> end_of_turn_;
  log::RateLimit absences_{1, 10s};
  log::RateLimit bad_messages_{5, 10s};
  bool connected_ = false;
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
  if (options.kind != "baremetal_native")
    return refuse(options.kind + " is not built in yet, baremetal_native is");
  auto tls = net::open_tls({options.tls.cert, options.tls.key});  // fixed: for its workers
  if (!tls) {
    config::report_failure("scaler_worker_manager", tls.error().text);
    return 2;
  }
  if (options.mode == config::ManagerMode::fixed) return run_fixed(options);
  return run_dynamic(options, std::move(*tls));
}

}  // namespace scaler::roles
