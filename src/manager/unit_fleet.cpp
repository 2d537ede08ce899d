#include "scaler/manager/unit_fleet.hpp"

#include <algorithm>

#include "scaler/base/log.hpp"

namespace scaler::manager {

namespace {

// Whatever a scheduler wishes for: more units than this nobody pays.
constexpr std::uint64_t units_most = 1'000;
constexpr std::size_t ended_units_max = 1'000;
constexpr std::size_t name_digits = 16;
constexpr Duration slow_first = 5s;
constexpr Duration slow_most = 300s;
constexpr unsigned probe_after = 3;  // failures in a row: then one unit at a time, to see
constexpr Duration unit_healthy_after = 60s;
// So long a scheduler waits for workers that it asked for; it asks again afterwards.
constexpr Duration wanted_for = 300s;
// So long a scheduler gives no tasks to a worker that it has sent home.
constexpr Duration released_for = 30s;

}  // namespace

std::string_view unit_of_worker(std::string_view worker_id) {
  constexpr std::string_view begin = "Worker|";
  if (!worker_id.starts_with(begin)) return {};
  std::string_view type = worker_id.substr(begin.size());
  type = type.substr(0, type.find('|'));
  const std::size_t dash = type.rfind('-');
  return dash == std::string_view::npos ? std::string_view() : type.substr(dash + 1);
}

UnitFleet::UnitFleet(FleetOptions options) : options_(options), random_(options.random_seed) {}

std::uint64_t UnitFleet::units_max() const {
  return std::min(options_.units_max.value_or(units_most), units_most);
}

std::uint64_t UnitFleet::workers_max() const { return units_max() * options_.workers_per_unit; }

std::uint64_t UnitFleet::active() const {
  return static_cast<std::uint64_t>(std::count_if(
      units_.begin(), units_.end(), [](const Unit& unit) { return unit.state != State::stops; }));
}

std::vector<std::string> UnitFleet::names() const {
  std::vector<std::string> names;
  for (const Unit& unit : units_) names.push_back(unit.name);
  return names;
}

UnitFleet::Unit* UnitFleet::find(std::string_view name) {
  const auto found = std::find_if(units_.begin(), units_.end(),
                                  [&](const Unit& unit) { return unit.name == name; });
  return found == units_.end() ? nullptr : &*found;
}

std::string UnitFleet::new_name() { return random_.hex(name_digits); }

// ---- starting ----

bool UnitFleet::start_worker(TimePoint now, UnitEffects& out) {
  for (Unit& unit : units_) {
    const bool is_on_its_way =
        unit.state == State::waits || unit.state == State::asked || unit.state == State::accepted;
    if (!is_on_its_way || unit.claimed >= unit.workers) continue;
    ++unit.claimed;
    return true;
  }
  if (!may_start()) return false;
  add(now, out);
  return true;
}

void UnitFleet::add(TimePoint now, UnitEffects& out) {
  Unit& unit = units_.emplace_back();
  unit.name = new_name();
  unit.workers = options_.workers_per_unit;
  unit.wanted_since = now;
  launch_waiting(now, out);
}

bool UnitFleet::is_probing() const {
  return failures_ >= probe_after &&
         std::any_of(units_.begin(), units_.end(), [](const Unit& unit) {
           return unit.state == State::asked || unit.state == State::accepted;
         });
}

void UnitFleet::launch_waiting(TimePoint now, UnitEffects& out) {
  if (not_before_ && now < *not_before_) return;
  not_before_.reset();
  for (Unit& unit : units_) {
    if (unit.state != State::waits) continue;
    if (is_probing()) return;
    unit.state = State::asked;
    out.push_back(StartUnit{unit.name, unit.workers});
  }
}

// ---- stopping ----

void UnitFleet::stop(Unit& unit, UnitEffects& out) {
  if (unit.state == State::waits) return forget(unit.name);
  if (unit.state == State::stops) return;
  unit.state = State::stops;
  out.push_back(StopUnit{unit.name});
}

bool UnitFleet::release_worker(std::string_view worker_id, TimePoint now, UnitEffects& out) {
  const std::string_view name = unit_of_worker(worker_id);
  if (name.empty()) return false;
  Unit* unit = find(name);
  if (unit == nullptr) return std::find(ended_.rbegin(), ended_.rend(), name) != ended_.rend();
  std::erase_if(unit->released,
                [&](const auto& entry) { return now - entry.second > released_for; });
  if (unit->released.size() < unit->workers)
    unit->released.insert_or_assign(std::string(worker_id), now);
  if (unit->released.size() >= unit->workers) stop(*unit, out);
  return true;
}

void UnitFleet::reach(std::uint64_t workers, TimePoint now, UnitEffects& out) {
  const std::uint64_t each = options_.workers_per_unit;
  target_ = std::min(workers / each + (workers % each == 0 ? 0 : 1), units_max());
  std::vector<std::string> chosen;
  for (const State first : {State::waits, State::asked, State::accepted, State::runs})
    for (const Unit& unit : units_)  // one that does not run costs nobody a task
      if (unit.state == first && active() - chosen.size() > *target_) chosen.push_back(unit.name);
  if (!chosen.empty()) log::info("{} of {} units stop", chosen.size(), active());
  for (const std::string& name : chosen) stop(*find(name), out);
  while (active() < *target_ && may_start()) add(now, out);
}

void UnitFleet::stop_all(UnitEffects& out) {
  stopping_ = true;
  target_.reset();
  for (const std::string& name : names()) stop(*find(name), out);
}

void UnitFleet::forget(std::string_view name) {
  if (ended_.size() == ended_units_max) ended_.pop_front();
  ended_.emplace_back(name);
  std::erase_if(units_, [&](const Unit& unit) { return unit.name == ended_.back(); });
}

// ---- what became of it ----

void UnitFleet::on_found(const std::string& name, std::uint64_t workers, TimePoint now) {
  Unit* unit = find(name);
  if (unit == nullptr) {
    unit = &units_.emplace_back();
    unit->name = name;
    unit->wanted_since = now;
  }
  unit->workers = unit->claimed = std::max<std::uint64_t>(1, workers);  // they may be there
  if (unit->state != State::stops) unit->state = State::accepted;
}

void UnitFleet::on_accepted(std::string_view name) {
  Unit* unit = find(name);
  if (unit != nullptr && unit->state == State::asked) unit->state = State::accepted;
}

void UnitFleet::slow_down(const std::string& what, const std::string& why, TimePoint now) {
  if (not_before_ && now < *not_before_)  // one trouble, not many
    return log::warning("{}: {}", what, why);
  const Duration delay =
      std::min<Duration>(slow_first * (1U << std::min(failures_, 10U)), slow_most);
  ++failures_;
  not_before_ = now + delay;
  log::warning("{}: {}; nothing starts for {} s", what, why, delay / 1s);
}

void UnitFleet::on_refused(std::string_view name, const std::string& why, TimePoint now) {
  Unit* unit = find(name);
  if (unit == nullptr) return;
  if (unit->state == State::stops) return forget(name);
  slow_down(fmt::format("unit {} could not be started", name), why, now);
  unit->state = State::waits;  // under its name: should it be there after all, it is the same
}

void UnitFleet::on_runs(std::string_view name, TimePoint now) {
  Unit* unit = find(name);
  if (unit == nullptr || unit->state == State::stops) return;
  unit->state = State::runs;
  if (!unit->runs_since) {
    unit->runs_since = now;
    log::info("unit {} runs, {} workers", name, unit->workers);
  }
  if (now - *unit->runs_since >= unit_healthy_after) failures_ = 0;
}

void UnitFleet::on_ended(std::string_view name, bool well, const std::string& why, TimePoint now,
                         UnitEffects& out) {
  Unit* unit = find(name);
  if (unit == nullptr) return;
  const bool was_healthy = unit->runs_since && now - *unit->runs_since >= unit_healthy_after;
  if (unit->state == State::stops) {
    log::info("unit {} was stopped", name);
    forget(name);
  } else if (was_healthy || well) {
    if (was_healthy)
      log::info("unit {} ended: {}", name, why);
    else
      slow_down(fmt::format("unit {} ended soon", name), why, now);
    forget(name);
  } else {
    slow_down(fmt::format("unit {} ended at once", name), why, now);
    Unit again = *unit;
    again.name = new_name();
    again.state = State::waits;
    again.workers = options_.workers_per_unit;
    again.claimed = std::min(again.claimed, again.workers);
    again.runs_since.reset();
    again.released.clear();
    forget(name);
    if (!stopping_) units_.push_back(std::move(again));
  }
  if (target_ && !stopping_) reach(*target_ * options_.workers_per_unit, now, out);
}

// ---- time ----

void UnitFleet::on_deadline(TimePoint now, UnitEffects& out) {
  std::vector<std::string> late;
  for (const Unit& unit : units_)
    if (unit.state == State::waits && !target_ && now - unit.wanted_since >= wanted_for)
      late.push_back(unit.name);
  for (const std::string& name : late) {
    log::warning("unit {} is given up, it was wanted {} s ago", name, wanted_for / 1s);
    forget(name);
  }
  launch_waiting(now, out);
}

std::optional<TimePoint> UnitFleet::next_deadline() const {
  const bool any = std::any_of(units_.begin(), units_.end(),
                               [](const Unit& unit) { return unit.state == State::waits; });
  if (!any) return std::nullopt;
  std::optional<TimePoint> next = not_before_;
  for (const Unit& unit : units_) {
    if (unit.state != State::waits || target_) continue;
    const TimePoint late = unit.wanted_since + wanted_for;
    if (!next || late < *next) next = late;
  }
  return next;
}

}  // namespace scaler::manager
