#include "scaler/manager/unit_manager.hpp"

#include <algorithm>

#include "scaler/base/log.hpp"
#include "scaler/manager/wishes.hpp"

namespace scaler::manager {

namespace {

using Type = wire::ManagerCommandType;
using Status = wire::ManagerResponseStatus;

FleetOptions fleet_options(const UnitManagerOptions& options) {
  FleetOptions fleet;
  fleet.workers_per_unit = options.workers_per_unit;
  fleet.random_seed = options.random_seed;
  if (options.workers_max >= 0) {
    const auto most = static_cast<std::uint64_t>(options.workers_max);
    fleet.units_max = most / options.workers_per_unit + (most % options.workers_per_unit ? 1 : 0);
  }
  return fleet;
}

}  // namespace

UnitManager::UnitManager(UnitManagerOptions options)
    : options_(std::move(options)), fleet_(fleet_options(options_)) {}

void UnitManager::on_connected(TimePoint now) { say_heartbeat(now); }

void UnitManager::say_heartbeat(TimePoint now) {
  heartbeat_at_ = now + options_.heartbeat_interval;
  messages_.push_back(wire::WorkerManagerHeartbeat{
      options_.workers_max < 0 ? ~std::uint32_t{0}
                               : static_cast<std::uint32_t>(fleet_.workers_max()),
      options_.capabilities, Bytes::copy_of(options_.manager_id)});
}

void UnitManager::on_message(const wire::Message& message, TimePoint now) {
  const auto* command = std::get_if<wire::WorkerManagerCommand>(&message);
  if (command == nullptr || stopping_) return;
  switch (command->type) {
    case Type::start_workers:
      // Without an id: the workers name themselves.
      return answer(Type::start_workers,
                    fleet_.start_worker(now, effects_) ? Status::success : Status::too_many_workers,
                    {});
    case Type::shutdown_workers:
      return stop_named(command->worker_ids, now);
    case Type::set_desired_task_concurrency:
      if (command->dialect == wire::ManagerDialect::v2_6)
        fleet_.reach(wanted_of(command->desired, options_.capabilities), now, effects_);
  }
}

void UnitManager::stop_named(const std::vector<Bytes>& ids, TimePoint now) {
  std::vector<Bytes> known;
  for (const Bytes& id : ids)
    if (fleet_.release_worker(id.text(), now, effects_))
      known.push_back(Bytes::copy_of(id.view()));
    else
      log::warning("worker {} is to be stopped, but is none of this manager's", id.text());
  const Status status = known.empty() ? Status::worker_not_found : Status::success;
  answer(Type::shutdown_workers, status, std::move(known));
}

void UnitManager::answer(Type type, Status status, std::vector<Bytes> ids) {
  messages_.push_back(
      wire::WorkerManagerCommandResponse{type, status, std::move(ids), options_.capabilities});
}

void UnitManager::stop() {
  stopping_ = true;
  fleet_.stop_all(effects_);
}

void UnitManager::on_deadline(TimePoint now) {
  if (heartbeat_at_ && *heartbeat_at_ <= now) say_heartbeat(now);
  fleet_.on_deadline(now, effects_);
}

std::optional<TimePoint> UnitManager::next_deadline() const {
  const std::optional<TimePoint> fleet = fleet_.next_deadline();
  if (!fleet || !heartbeat_at_) return fleet ? fleet : heartbeat_at_;
  return std::min(*fleet, *heartbeat_at_);
}

}  // namespace scaler::manager
