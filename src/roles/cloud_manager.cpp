#include "roles/cloud_manager.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "roles/cloud_link.hpp"
#include "roles/manager_link.hpp"
#include "roles/role_signals.hpp"
#include "roles/unit_command.hpp"
#include "roles/worker_keeper.hpp"
#include "scaler/base/random.hpp"
#include "scaler/cloud/ecs_driver.hpp"
#include "scaler/config/logging.hpp"
#include "scaler/manager/unit_manager.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/net/tls_files.hpp"
#include "scaler/roles/readiness.hpp"

namespace scaler::roles {

namespace {

constexpr Duration farewell_patience = 60s;  // for the cloud to hear that all is to stop

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ",") + text;
  return all;
}

// What makes two managers with the same id two: their units would be each other's otherwise.
std::string place_of(const config::WorkerManagerOptions& options) {
  return options.worker_scheduler_address.value_or(options.scheduler_address).to_string() + ' ' +
         joined(options.ecs.subnets);
}

cloud::EcsOptions ecs_options(const config::WorkerManagerOptions& options) {
  const config::EcsOptions& given = options.ecs;
  cloud::EcsOptions ecs;
  ecs.cluster = given.cluster;
  ecs.definition = given.task_definition;
  ecs.image = given.task_image;
  ecs.cpus = static_cast<std::uint64_t>(given.task_cpu);
  ecs.memory_gb = static_cast<std::uint64_t>(given.task_memory_gb);
  ecs.insists_on_image = given.is_image_given;
  ecs.insists_on_size = given.is_size_given;
  ecs.subnets = given.subnets;
  ecs.security_groups = given.security_groups;
  ecs.owner = cloud::owner_mark(options.worker_manager_id, place_of(options));
  ecs.manager_id = options.worker_manager_id;
  ecs.requirements = given.python_requirements;
  ecs.python_version = given.python_version;
  ecs.command = [&options](const cloud::UnitPlan& unit) {
    return unit_command(options, "ECS-" + unit.name, unit.workers);
  };
  return ecs;
}

class CloudManager {
 public:
  CloudManager(net::Loop& loop, const config::WorkerManagerOptions& options,
               cloud::ApiCaller caller, const config::Machine& machine)
      : loop_(loop),
        options_(options),
        link_(loop, std::move(caller), machine),
        driver_(std::make_unique<cloud::EcsDriver>(
            ecs_options(options),
            [this](cloud::ApiCall call) { return link_.caller().call(std::move(call)); })),
        signals_(loop, [this](const char* name) { stop(name); }),
        deadline_(loop, [this] { on_deadline(); }),
        end_of_turn_(loop.before_poll([this] { end_turn(); })) {
    driver_->begin(loop.now());
  }

  int exit_code() const { return exit_code_; }

 private:
  using Events = std::vector<cloud::CloudEvent>;

  // ---- events of the cloud ----

  void on(const cloud::UnitFound& found) { found_.push_back(found.unit); }
  void on(const cloud::Ready& ready) {
    manager::UnitManagerOptions unit;
    unit.manager_id = options_.worker_manager_id;
    unit.capabilities = capabilities_of(options_.tuning);
    unit.workers_max = options_.max_task_concurrency;
    unit.workers_per_unit = ready.workers_per_unit;
    unit.heartbeat_interval = std::chrono::seconds(options_.tuning.heartbeat_interval_seconds);
    unit.random_seed = Random::from_system().next();
    core_.emplace(std::move(unit));
    scheduler_.emplace(
        loop_, options_, "ecs", nullptr,
        ManagerLink::Events{
            [this] { core_->on_connected(loop_.now()); }, [this] { core_->on_lost(); },
            [this](const wire::Message& message) { core_->on_message(message, loop_.now()); }});
    readiness_.announce();
  }
  void on(const cloud::SetUpFailed& failed) {
    exit_code_ = 1;
    config::report_failure("scaler_worker_manager", failed.why);
    close();
  }
  void on(const cloud::UnitAccepted& unit) { core_->on_accepted(unit.name); }
  void on(const cloud::UnitRefused& unit) { core_->on_refused(unit.name, unit.why, loop_.now()); }
  void on(const cloud::UnitRuns& unit) { runs_.push_back(unit.name); }
  void on(const cloud::UnitEnded& unit) {
    core_->on_ended(unit.name, unit.well, unit.why, loop_.now());
  }
  void on(const cloud::Swept& swept) {
    for (const std::string& name : swept.left) log::error("left behind, stop it by hand: {}", name);
    if (!swept.left.empty()) exit_code_ = 1;
    close();
  }
  // Those from before may be told before there is a core.
  void pass_on_found() {
    if (!core_) return;
    for (const cloud::UnitPlan& unit : std::exchange(found_, {}))
      core_->on_found(unit.name, unit.workers, loop_.now());
    for (const std::string& name : std::exchange(runs_, {})) core_->on_runs(name, loop_.now());
  }

  // ---- turns ----

  void end_turn() {
    if (closing_) return;
    while (take_turn() && !closing_) continue;
    if (closing_) return;
    if (core_)
      for (const wire::Message& message : core_->take_messages()) scheduler_->send(message);
    wait();
  }

  // One round of effects and answers; false: nothing happened.
  bool take_turn() {
    bool is_busy = false;
    if (core_) {
      for (const manager::UnitEffect& effect : core_->take_effects()) {
        is_busy = true;
        if (const auto* start = std::get_if<manager::StartUnit>(&effect))
          driver_->start_unit({start->name, start->workers}, loop_.now());
        else
          driver_->stop_unit(std::get<manager::StopUnit>(effect).name, loop_.now());
      }
    }
    if (should_finish_) {
      should_finish_ = false;
      driver_->finish(loop_.now());
    }
    link_.perform();
    for (const cloud::ApiOutcome& outcome : link_.caller().take_outcomes()) {
      is_busy = true;
      driver_->on_outcome(outcome, loop_.now());
    }
    for (const cloud::CloudEvent& event : driver_->take_events()) {
      is_busy = true;
      std::visit([this](const auto& one) { on(one); }, event);
      pass_on_found();
      if (closing_) return false;
    }
    return is_busy;
  }

  void wait() {
    std::optional<TimePoint> next = farewell_at_;
    const auto consider = [&](const std::optional<TimePoint>& at) {
      if (at && (!next || *at < *next)) next = at;
    };
    if (core_) consider(core_->next_deadline());
    consider(driver_->next_deadline());
    consider(link_.caller().next_deadline());
    if (next)
      deadline_.start_at(*next);
    else
      deadline_.stop();
  }

  void on_deadline() {
    if (closing_) return;
    if (farewell_at_ && loop_.now() >= *farewell_at_) return give_up("the cloud does not answer");
    if (core_) core_->on_deadline(loop_.now());
    driver_->on_deadline(loop_.now());
  }

  // ---- the end ----

  void stop(const char* signal) {
    if (closing_) return;
    if (farewell_at_) return give_up("a second signal came");
    log::info("received signal {}, stopping all units", signal);
    farewell_at_ = loop_.now() + farewell_patience;
    if (core_) core_->stop();
    should_finish_ = true;  // after the effects of that
  }

  void give_up(const char* why) {
    exit_code_ = 1;
    const auto names = core_ ? core_->fleet().names() : std::vector<std::string>{};
    log::error(
        "{}: what may be left behind, and cost: {} (tasks of ECS cluster {} with startedBy "
        "{})",
        why, joined(names), options_.ecs.cluster,
        cloud::owner_mark(options_.worker_manager_id, place_of(options_)));
    close();
  }

  void close() {
    closing_ = true;
    deadline_.stop();
    if (!scheduler_) return loop_.stop();
    scheduler_->close([this] { loop_.stop(); });
  }

  net::Loop& loop_;
  const config::WorkerManagerOptions& options_;
  Readiness readiness_;
  CloudLink link_;
  std::unique_ptr<cloud::Driver> driver_;
  std::optional<manager::UnitManager> core_;  // once the cloud is ready
  std::optional<ManagerLink> scheduler_;
  std::vector<cloud::UnitPlan> found_;
  std::vector<std::string> runs_;
  RoleSignals signals_;
  net::Timer deadline_;
  std::unique_ptr<net::Loop::Token> end_of_turn_;
  std::optional<TimePoint> farewell_at_;
  bool should_finish_ = false;
  bool closing_ = false;
  int exit_code_ = 0;
};

}  // namespace

int run_cloud_manager(const config::WorkerManagerOptions& options) {
  const config::Machine machine = config::Machine::real();
  cloud::CallerOptions calls;
  calls.region = options.ecs.region;
  calls.given = {options.ecs.access_key_id, options.ecs.secret_access_key};
  calls.random_seed = Random::from_system().next();
  auto caller = cloud::ApiCaller::make(calls, {machine.environment, machine.read_file});
  if (!caller) {
    config::report_failure("scaler_worker_manager", caller.error().text);
    return 2;
  }
  net::Loop loop;
  CloudManager manager(loop, options, std::move(*caller), machine);
  loop.run();
  return manager.exit_code();
}

}  // namespace scaler::roles
