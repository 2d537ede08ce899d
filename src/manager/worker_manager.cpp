#include "scaler/manager/worker_manager.hpp"

#include <algorithm>

#include "scaler/base/log.hpp"
#include "scaler/manager/wishes.hpp"

namespace scaler::manager {

namespace {

// Whatever a scheduler wishes for: more processes than this no machine runs.
constexpr std::uint64_t workers_most = 10'000;

}  // namespace

using Type = wire::ManagerCommandType;
using Status = wire::ManagerResponseStatus;

WorkerManager::WorkerManager(Options options)
    : options_(std::move(options)), crew_(options_.crew) {}

// ---- the scheduler ----

void WorkerManager::on_connected(TimePoint now) { say_heartbeat(now); }

void WorkerManager::on_lost() {
  heartbeat_at_.reset();
  stops_.clear();  // who asked is gone; the workers end all the same
}

void WorkerManager::say_heartbeat(TimePoint now) {
  heartbeat_at_ = now + options_.heartbeat_interval;
  messages_.push_back(wire::WorkerManagerHeartbeat{
      options_.workers_max < 0 ? ~std::uint32_t{0} : static_cast<std::uint32_t>(limit()),
      options_.capabilities, Bytes::copy_of(options_.manager_id)});
}

std::uint64_t WorkerManager::limit() const {
  return options_.workers_max < 0
             ? workers_most
             : std::min(static_cast<std::uint64_t>(options_.workers_max), workers_most);
}

void WorkerManager::on_message(const wire::Message& message, TimePoint now) {
  if (const auto* command = std::get_if<wire::WorkerManagerCommand>(&message))
    if (!stopping_) on_command(*command, now);
}

void WorkerManager::on_command(const wire::WorkerManagerCommand& command, TimePoint now) {
  switch (command.type) {
    case Type::start_workers:
      return start_one(now);
    case Type::shutdown_workers:
      return stop_named(command.worker_ids, now);
    case Type::set_desired_task_concurrency:
      if (command.dialect == wire::ManagerDialect::v2_6)
        reach(std::min(wanted_of(command.desired, options_.capabilities), limit()), now);
  }
}

void WorkerManager::start_one(TimePoint now) {
  if (crew_.wanted() >= limit()) return answer(Type::start_workers, Status::too_many_workers, {});
  answer(Type::start_workers, Status::success, {Bytes::copy_of(crew_.start(now, effects_))});
}

void WorkerManager::stop_named(const std::vector<Bytes>& ids, TimePoint now) {
  bool known = false;
  for (const Bytes& id : ids)
    if (crew_.stop(id.text(), now, effects_))
      known = true;
    else
      log::warning("worker {} is to be stopped, but is none of this manager's", id.text());
  if (!known) return answer(Type::shutdown_workers, Status::worker_not_found, {});
  std::vector<Bytes> asked;
  for (const Bytes& id : ids) asked.push_back(Bytes::copy_of(id.view()));
  stops_.push_back({std::move(asked)});
  answer_finished_stops();
}

void WorkerManager::reach(std::uint64_t wanted, TimePoint now) {
  const std::size_t present = crew_.wanted();
  if (wanted < present) {
    log::info("{} of {} workers stop", present - wanted, present);
    crew_.stop_oldest(present - wanted, now, effects_);
  }
  for (std::uint64_t i = present; i < wanted; ++i) crew_.start(now, effects_);
}

void WorkerManager::answer(Type type, Status status, std::vector<Bytes> ids) {
  messages_.push_back(
      wire::WorkerManagerCommandResponse{type, status, std::move(ids), options_.capabilities});
}

void WorkerManager::answer_finished_stops() {
  std::erase_if(stops_, [&](Stopping& stop) {
    for (const Bytes& id : stop.asked)
      if (crew_.runs(id.text())) return false;
    answer(Type::shutdown_workers, Status::success, std::move(stop.asked));
    return true;
  });
}

// ---- workers and time ----

void WorkerManager::on_not_started(std::string_view id, const std::string& why, TimePoint now) {
  crew_.on_not_started(id, why, now, effects_);
  after_end();
}

void WorkerManager::on_ended(std::string_view id, const WorkerEnd& end, TimePoint now) {
  crew_.on_ended(id, end, now, effects_);
  after_end();
}

void WorkerManager::after_end() {
  answer_finished_stops();
  if (!crew_.failure() || std::exchange(stopping_, true)) return;
  log::error("{}, the worker manager ends", *crew_.failure());
}

void WorkerManager::stop(TimePoint now) {
  stopping_ = true;
  crew_.stop_all(now, effects_);
}

void WorkerManager::on_deadline(TimePoint now) {
  if (heartbeat_at_ && *heartbeat_at_ <= now) say_heartbeat(now);
  crew_.on_deadline(now, effects_);
}

std::optional<TimePoint> WorkerManager::next_deadline() const {
  const std::optional<TimePoint> crew = crew_.next_deadline();
  if (!crew || !heartbeat_at_) return crew ? crew : heartbeat_at_;
  return std::min(*crew, *heartbeat_at_);
}

}  // namespace scaler::manager
