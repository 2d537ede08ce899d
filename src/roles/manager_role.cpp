#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "roles/role_signals.hpp"
#include "roles/worker_command.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/config/logging.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/process.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/roles/readiness.hpp"
#include "scaler/roles/roles.hpp"

namespace scaler::roles {

namespace {

constexpr Duration stop_patience = 10s;  // between SIGTERM and SIGKILL
constexpr Duration restart_first = 200ms;
constexpr Duration restart_most = 12s;  // at most five a minute
constexpr Duration healthy_after = 60s;
constexpr Duration start_time = 5s;  // a worker that ends within it could not start
constexpr unsigned failed_starts_max = 5;

config::WorkerOptions worker_options(const config::WorkerManagerOptions& options) {
  config::WorkerOptions worker;
  worker.scheduler_address = options.worker_scheduler_address.value_or(options.scheduler_address);
  worker.object_storage_address = options.object_storage_address;
  worker.worker_manager_id = options.worker_manager_id;
  worker.tuning = options.tuning;
  worker.logging = options.logging;
  return worker;
}

// A fixed number of workers on this host, each a process of its own. One that fails is replaced,
// more slowly each time; one that was sent home by the scheduler is not.
class FixedManager {
 public:
  FixedManager(net::Loop& loop, const config::WorkerManagerOptions& options)
      : loop_(loop),
        options_(options),
        children_(loop),
        signals_(
            loop, [this](const char* name) { stop(name); }, [this] { signal_all(SIGHUP); }),
        kill_timer_(loop, [this] { kill_all(); }) {}

  void start();
  bool finished() const;  // nothing runs and nothing will
  int exit_code() const { return exit_code_; }

 private:
  struct Place {
    std::size_t index = 0;
    int pid = 0;  // 0: none runs
    std::string worker_id;
    TimePoint started;
    unsigned failures = 0;       // in a row, none of them after a healthy time
    unsigned failed_starts = 0;  // in a row
    bool done = false;           // nothing will run here any more
    std::unique_ptr<net::Timer> restart;
  };

  std::string new_worker_id(std::size_t index);
  void start_worker(Place& place);
  void on_worker_ended(Place& place, const net::ExitStatus& status);
  void restart_later(Place& place, const std::string& why);
  void stop(const char* signal);
  void signal_all(int number);
  void kill_all();
  void end_if_all_done();
  void give_up(const Place& place, const std::string& why);

  net::Loop& loop_;
  const config::WorkerManagerOptions& options_;
  Random random_ = Random::from_system();
  net::Children children_;
  RoleSignals signals_;
  net::Timer kill_timer_;
  std::deque<Place> places_;
  bool stopping_ = false;
  int exit_code_ = 0;
};

void FixedManager::start() {
  log::info("{}", config::lines::cluster_starts(options_.max_task_concurrency,
                                                options_.tuning.heartbeat_interval_seconds));
  for (std::int64_t i = 0; i < options_.max_task_concurrency && !stopping_; ++i) {
    Place& place = places_.emplace_back();
    place.index = static_cast<std::size_t>(i);
    place.restart = std::make_unique<net::Timer>(loop_, [this, &place] { start_worker(place); });
    start_worker(place);
  }
}

// "Worker|FIX|<32 hex>|<32 hex>"; with names of their own, as older clusters: "Worker|name|<32
// hex>".
std::string FixedManager::new_worker_id(std::size_t index) {
  if (index < options_.worker_names.size())
    return fmt::format("Worker|{}|{}", options_.worker_names[index], random_.hex(32));
  const std::string type = options_.worker_type.empty() ? "FIX" : options_.worker_type;
  return fmt::format("Worker|{}|{}|{}", type, random_.hex(32), random_.hex(32));
}

void FixedManager::start_worker(Place& place) {
  if (stopping_) return;
  config::WorkerOptions options = worker_options(options_);
  options.worker_id = place.worker_id = new_worker_id(place.index);
  net::SpawnOptions spawn;
  spawn.program = own_program;
  spawn.arguments = worker_command(options);
  place.started = loop_.now();
  const auto pid = children_.spawn(spawn);
  if (!pid) {
    ++place.failed_starts;
    restart_later(place, pid.error().text);
    return;
  }
  place.pid = *pid;
  log::info("{}", config::lines::worker_started(static_cast<std::int64_t>(place.index)));
  children_.watch(*pid, [this, &place](net::ExitStatus status) { on_worker_ended(place, status); });
}

void FixedManager::on_worker_ended(Place& place, const net::ExitStatus& status) {
  place.pid = 0;
  const Duration lived = loop_.now() - place.started;
  const bool well = status.signal == 0 && status.code == 0;
  if (stopping_ || well) {
    if (!stopping_) log::info("Worker[{}] ended", place.index);
    place.done = true;
    end_if_all_done();
    return;
  }
  if (lived >= healthy_after) place.failures = 0;
  const bool could_not_start = status.signal == 0 && lived < start_time;
  place.failed_starts = could_not_start ? place.failed_starts + 1 : 0;
  restart_later(place, status.describe());
}

void FixedManager::restart_later(Place& place, const std::string& why) {
  if (place.failed_starts >= failed_starts_max) return give_up(place, why);
  const Duration delay =
      std::min<Duration>(restart_first * (1U << std::min(place.failures, 10U)), restart_most);
  ++place.failures;
  log::warning("Worker[{}] {} ended by {}, another starts in {} ms", place.index, place.worker_id,
               why, std::chrono::duration_cast<std::chrono::milliseconds>(delay).count());
  place.restart->start(delay);
}

void FixedManager::give_up(const Place& place, const std::string& why) {
  log::error("Worker[{}] could not start {} times in a row ({}), the worker manager ends",
             place.index, failed_starts_max, why);
  exit_code_ = 1;
  stop(nullptr);
}

void FixedManager::stop(const char* signal) {
  if (std::exchange(stopping_, true)) return kill_all();  // asked twice: at once
  if (signal != nullptr) log::info("received signal {}, stopping workers", signal);
  for (Place& place : places_) {
    place.restart->stop();
    if (place.pid == 0) place.done = true;
  }
  signal_all(SIGTERM);
  kill_timer_.start(stop_patience);
  end_if_all_done();
}

void FixedManager::signal_all(int number) {
  for (const Place& place : places_)
    if (place.pid > 0) ::kill(place.pid, number);
}

void FixedManager::kill_all() {
  const auto left =
      std::count_if(places_.begin(), places_.end(), [](const Place& p) { return p.pid > 0; });
  log::warning("{} workers do not end in time, send SIGKILL", left);
  signal_all(SIGKILL);
}

bool FixedManager::finished() const {
  return std::all_of(places_.begin(), places_.end(), [](const Place& p) { return p.done; });
}

void FixedManager::end_if_all_done() {
  if (!finished()) return;
  kill_timer_.stop();
  loop_.stop();
}

int refuse(const std::string& why) {
  log::error("worker manager: {}", why);
  return 2;
}

}  // namespace

int run_worker_manager(const config::WorkerManagerOptions& options) {
  if (options.kind != "baremetal_native")
    return refuse(options.kind + " is not built in yet, baremetal_native is");
  if (options.mode == config::ManagerMode::dynamic)
    return refuse("mode dynamic is not built in yet, use --mode fixed");
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

}  // namespace scaler::roles
