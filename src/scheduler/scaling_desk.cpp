#include "scheduler/scaling_desk.hpp"

#include <algorithm>
#include <unordered_map>

#include "scheduler/say.hpp"

namespace scaler::scheduler {

namespace {

constexpr Duration look_interval_least = 50ms;
constexpr Duration full_for = 30s;  // how long a manager's "too many workers" is believed
constexpr std::uint32_t starts_at_once_max = 64;
// Before an unknown manager is asked for its form although nothing is wanted from it: by then the
// workers of a cluster whose scheduler came back have come back too.
constexpr Duration unasked_after = 10s;
// Workers that registered closer together than this may have been started in any order.
constexpr Duration same_age = 15s;

}  // namespace

ScalingDesk::ScalingDesk(const ScalingOptions& options, Allocation allocation, WorkerTable& workers,
                         Placement& placement, ManagerTable& managers)
    : options_(options),
      allocation_(allocation),
      workers_(workers),
      placement_(placement),
      managers_(managers) {}

// ---- when ----

void ScalingDesk::on_heartbeat(const Manager& manager, TimePoint now) {
  ask_for_look(now);
  const auto deadline = manager.talk.form_deadline();
  if (deadline && (!form_at_ || *deadline < *form_at_)) form_at_ = deadline;
}

void ScalingDesk::on_tasks(TimePoint now) {
  if (!is_off()) ask_for_look(now);
}

void ScalingDesk::ask_for_look(TimePoint at) {
  if (is_off()) return;
  if (looked_at_) at = std::max(at, *looked_at_ + look_interval_least);
  if (!look_at_ || at < *look_at_) look_at_ = at;
}

std::optional<TimePoint> ScalingDesk::next_look() const {
  if (is_off()) return std::nullopt;
  if (look_at_ && form_at_) return std::min(*look_at_, *form_at_);
  return look_at_ ? look_at_ : form_at_;
}

void ScalingDesk::look_if_due(Turn& turn) {
  const auto next = next_look();
  if (!next || turn.now < *next) return;
  look_at_.reset();
  form_at_.reset();
  looked_at_ = turn.now;
  look(turn);
}

// ---- looking ----

void ScalingDesk::look(Turn& turn) {
  give_up_late_retirements(turn.now);
  std::vector<Seat> seats;
  for (auto& [id, manager] : managers_.by_id()) {
    manager.talk.settle_form(turn.now);
    if (const auto later = manager.talk.form_deadline(); later && (!form_at_ || *later < *form_at_))
      form_at_ = later;
    if (manager.talk.peer()) seats.push_back({&manager, {}, {}});
  }
  const ClusterPicture picture = draw(seats, turn.now);
  const auto wanted = plan(options_.policy, options_.waterfall, picture);
  for (std::size_t i = 0; i < seats.size(); ++i) scale(seats[i], picture.crews[i], wanted[i], turn);
}

ClusterPicture ScalingDesk::draw(std::vector<Seat>& seats, TimePoint now) {
  ClusterPicture picture;
  picture.names_bind = allocation_ == Allocation::capability;
  picture.demand = placement_.demand();
  std::unordered_map<std::string_view, std::size_t> seat_of;
  for (std::size_t i = 0; i < seats.size(); ++i)
    seat_of.emplace(seats[i].manager->last.manager_id.text(), i);
  // What it was started as counts where its manager's own word says nothing to us.
  const auto seat_that_started = [&seats](const Worker& worker) -> Seat* {
    for (Seat& seat : seats)
      if (seat.manager->talk.has_started(worker.identity.text())) return &seat;
    return nullptr;
  };
  std::map<Names, std::uint32_t> others;
  for (const Index index : workers_.present_in_order()) {
    const Worker& worker = workers_[index];
    if (worker.retiring_since) continue;
    const auto by_name = seat_of.find(worker.manager_id.text());
    Seat* seat = by_name != seat_of.end() ? &seats[by_name->second] : seat_that_started(worker);
    if (seat == nullptr || worker.is_beyond_manager) {
      ++others[names_of(worker.capabilities)];
      continue;
    }
    seat->members.push_back(index);
    if (worker.load() == 0) seat->idle.push_back(index);
  }
  for (auto& [names, count] : others) picture.others.push_back({names, count});

  for (Seat& seat : seats) {
    Manager& manager = *seat.manager;
    Crew crew;
    crew.manager_id = manager.last.manager_id.text();
    crew.names = names_of(manager.last.capabilities);
    crew.workers = static_cast<std::uint32_t>(seat.members.size());
    crew.busy = crew.workers - static_cast<std::uint32_t>(seat.idle.size());
    const auto is_there = [this](std::string_view id) {
      const auto found = workers_.by_identity().find(id);
      return found != workers_.by_identity().end() &&
             workers_[found->second].standing == WorkerStanding::present;
    };
    manager.talk.forget_gone(is_there);
    crew.starting = manager.starting = manager.talk.starting(is_there, crew.workers, now);
    crew.workers_max = manager.last.max_task_concurrency;
    if (manager.full_until && now < *manager.full_until)
      crew.workers_max = std::min(crew.workers_max, crew.present());
    picture.crews.push_back(std::move(crew));
  }
  return picture;
}

// ---- acting ----

void ScalingDesk::scale(Seat& seat, const Crew& crew, std::uint32_t wanted, Turn& turn) {
  using Form = ManagerTalk::Form;
  Manager& manager = *seat.manager;
  if (options_.policy == ScalingPolicy::waterfall) note_missing_rule(manager);
  if (wanted >= crew.present()) manager.spare_since.reset();
  if (wanted < crew.present()) {
    if (!manager.spare_since) {
      manager.spare_since = turn.now;
      manager.spare_peak = 0;
    }
    manager.spare_peak = std::max(manager.spare_peak, wanted);
  }

  if (manager.talk.form() == Form::unknown) {
    if (wanted > crew.present() || turn.now - manager.first_seen >= unasked_after)
      manager.talk.ask_form(crew.workers, turn);
    return;
  }
  if (manager.talk.form() == Form::asked) return;
  if (wanted > crew.present()) {
    start(seat, crew, wanted - crew.present(), turn);
  } else if (manager.spare_since && turn.now - *manager.spare_since >= options_.settle) {
    stop(seat, crew, crew.present() - std::min(manager.spare_peak, crew.present()), turn);
    manager.spare_since = turn.now;  // what was needed long ago does not count for ever
    manager.spare_peak = wanted;
  } else if (manager.talk.is_wish_due()) {
    manager.talk.wish(crew.present(), turn);
  }
}

void ScalingDesk::start(Seat& seat, const Crew& crew, std::uint32_t count, Turn& turn) {
  Manager& manager = *seat.manager;
  if (manager.talk.form() == ManagerTalk::Form::wishes) {
    manager.talk.wish(crew.present() + count, turn);
  } else {
    if (!manager.talk.may_command()) return;
    count = std::min(count, starts_at_once_max);
    manager.talk.start(count, manager.last.capabilities, turn);
  }
  manager.starting = crew.starting + count;
  log::info("scaling: {} has {} workers, {} more start", manager_name(manager.last.manager_id),
            crew.workers, count);
}

// The youngest first, where we choose: the older ones have warmed up.
void ScalingDesk::stop(Seat& seat, const Crew& crew, std::uint32_t count, Turn& turn) {
  Manager& manager = *seat.manager;
  const bool chooses = manager.talk.form() == ManagerTalk::Form::commands;
  if (chooses && !manager.talk.may_command()) return;
  std::size_t most = chooses ? seat.idle.size() : oldest_idle(seat);
  if (chooses && manager.stops_one_by_one) most = std::min<std::size_t>(most, 1);
  const std::size_t stopped = std::min<std::size_t>(count, most);
  if (stopped == 0) {
    if (manager.talk.is_wish_due()) manager.talk.wish(crew.present(), turn);
    return;
  }
  std::vector<Bytes> named;
  for (std::size_t i = 0; i < stopped; ++i) {
    const Index index = chooses ? seat.idle[seat.idle.size() - 1 - i] : seat.members[i];
    named.push_back(workers_[index].identity);
    retire(index, turn.now);
  }
  log::info("scaling: {} has {} workers, {} idle ones stop", manager_name(manager.last.manager_id),
            crew.workers, stopped);
  if (chooses)
    manager.talk.stop(std::move(named), turn);
  else
    manager.talk.wish(crew.present() - static_cast<std::uint32_t>(stopped), turn);
}

// How many of the oldest, by whole groups of about the same age, are idle: a manager that stops the
// oldest n of its workers may be told to stop so many.
std::size_t ScalingDesk::oldest_idle(const Seat& seat) const {
  std::size_t certain = 0;
  for (std::size_t i = 0; i < seat.members.size(); ++i) {
    const Worker& worker = workers_[seat.members[i]];
    if (worker.load() > 0) return certain;
    const bool ends_group =
        i + 1 == seat.members.size() ||
        workers_[seat.members[i + 1]].registered_at - worker.registered_at > same_age;
    if (ends_group) certain = i + 1;
  }
  return certain;
}

void ScalingDesk::retire(Index worker, TimePoint now) {
  workers_[worker].retiring_since = now;
  placement_.leave(worker);
}

void ScalingDesk::unretire(Index worker) {
  Worker& kept = workers_[worker];
  kept.retiring_since.reset();
  if (kept.standing == WorkerStanding::present && kept.peer && !kept.draining && !kept.returning)
    placement_.join(worker);
}

void ScalingDesk::give_up_late_retirements(TimePoint now) {
  for (const auto& [identity, index] : workers_.by_identity())
    if (workers_[index].retiring_since &&
        now - *workers_[index].retiring_since > options_.retire_patience)
      unretire(index);
}

void ScalingDesk::note_missing_rule(Manager& manager) const {
  const auto& rules = options_.waterfall;
  const bool has_rule = std::any_of(rules.begin(), rules.end(), [&](const WaterfallRule& rule) {
    return rule.manager_id == manager.last.manager_id.text();
  });
  if (!has_rule && !std::exchange(manager.was_missed, true))
    log::warning("scaling: no waterfall rule for {}, it is left as it is",
                 manager_name(manager.last.manager_id));
}

// ---- answers ----

void ScalingDesk::on_response(PeerId from, const wire::WorkerManagerCommandResponse& response,
                              Turn& turn) {
  using Answer = ManagerTalk::Answer;
  using Status = wire::ManagerResponseStatus;
  Manager* manager = managers_.find_by_peer(from);
  if (manager == nullptr) return;
  const Answer answer = manager->talk.on_response(response, turn);
  ask_for_look(turn.now);
  if (answer.to == Answer::To::start && answer.status == Status::too_many_workers) {
    if (!manager->full_until || *manager->full_until <= turn.now)
      log::info("scaling: {} can run no more workers", manager_name(manager->last.manager_id));
    manager->full_until = turn.now + full_for;
  }
  if (answer.to != Answer::To::stop || answer.status == Status::success) return;
  manager->stops_one_by_one = answer.asked.size() > 1;
  for (const Bytes& id : answer.asked) {
    const Index worker = workers_.find(id);
    if (worker == none || !workers_[worker].retiring_since) continue;
    workers_[worker].is_beyond_manager = answer.asked.size() == 1;  // it does not know it
    unretire(worker);
  }
}

}  // namespace scaler::scheduler
