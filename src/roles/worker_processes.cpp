#include "roles/worker_processes.hpp"

#include <csignal>
#include <utility>

#include "roles/worker_command.hpp"
#include "scaler/base/log.hpp"
#include "scaler/config/logging.hpp"

namespace scaler::roles {

namespace {

config::WorkerOptions shared_options(const config::WorkerManagerOptions& options) {
  config::WorkerOptions worker;
  worker.scheduler_address = options.worker_scheduler_address.value_or(options.scheduler_address);
  worker.object_storage_address = options.object_storage_address;
  worker.worker_manager_id = options.worker_manager_id;
  worker.tls = options.tls;
  worker.tuning = options.tuning;
  worker.logging = options.logging;
  return worker;
}

}  // namespace

WorkerProcesses::WorkerProcesses(net::Loop& loop, const config::WorkerManagerOptions& options,
                                 Events events)
    : shared_(shared_options(options)), events_(std::move(events)), children_(loop) {}

void WorkerProcesses::perform(const manager::Effects& effects) {
  for (const manager::Effect& effect : effects) {
    if (const auto* order = std::get_if<manager::StartWorker>(&effect)) {
      start(*order);
      continue;
    }
    const auto& end = std::get<manager::EndWorker>(effect);
    if (const auto found = pids_.find(end.id); found != pids_.end())
      ::kill(found->second, end.at_once ? SIGKILL : SIGTERM);
  }
}

void WorkerProcesses::start(const manager::StartWorker& order) {
  config::WorkerOptions options = shared_;
  options.worker_id = order.id;
  net::SpawnOptions spawn;
  spawn.program = own_program;
  spawn.arguments = worker_command(options);
  const auto pid = children_.spawn(spawn);
  if (!pid) return events_.on_not_started(order.id, pid.error().text);
  log::info("{}", config::lines::worker_started(static_cast<std::int64_t>(order.number)));
  pids_[order.id] = *pid;
  children_.watch(*pid, [this, id = order.id](net::ExitStatus status) {
    pids_.erase(id);
    const bool well = status.signal == 0 && status.code == 0;
    events_.on_ended(id, {well, status.signal != 0, status.describe()});
  });
}

void WorkerProcesses::reopen_logs() {
  for (const auto& [id, pid] : pids_) ::kill(pid, SIGHUP);
}

}  // namespace scaler::roles
