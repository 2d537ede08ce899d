#include "scaler/manager/crew.hpp"

#include <algorithm>
#include <utility>

#include "scaler/base/log.hpp"

namespace scaler::manager {

namespace {

constexpr Duration restart_first = 200ms;
constexpr Duration restart_most = 12s;  // at most five a minute
constexpr Duration healthy_after = 60s;
constexpr Duration start_time = 5s;  // a worker that ends within it could not start
constexpr unsigned failed_starts_max = 5;
constexpr std::size_t ended_max = 1000;

Duration restart_delay(unsigned failures) {
  return std::min<Duration>(restart_first * (1U << std::min(failures, 10U)), restart_most);
}

}  // namespace

Crew::Crew(CrewOptions options) : options_(std::move(options)), random_(options_.random_seed) {}

// ---- starting ----

std::string Crew::new_id(std::uint64_t number) {
  if (number < options_.names.size())
    return fmt::format("Worker|{}|{}", options_.names[number], random_.hex(32));
  return fmt::format("Worker|{}|{}|{}", options_.type, random_.hex(32), random_.hex(32));
}

std::string Crew::start(TimePoint now, Effects& out) {
  Place& place = places_.emplace_back();
  place.number = next_number_++;
  launch(place, now, out);
  return place.id;
}

void Crew::launch(Place& place, TimePoint now, Effects& out) {
  place.state = State::runs;
  place.id = new_id(place.number);
  place.started = now;
  out.push_back(StartWorker{place.id, place.number});
}

void Crew::on_not_started(std::string_view id, const std::string& why, TimePoint now,
                          Effects& out) {
  const auto place = find(id);
  if (place == places_.end()) return;
  if (place->state == State::stops) return forget(place);
  ++place->failed_starts;
  restart_later(place, why, now, out);
}

// ---- ending ----

void Crew::on_ended(std::string_view id, const WorkerEnd& end, TimePoint now, Effects& out) {
  const auto place = find(id);
  if (place == places_.end()) return;
  if (place->state == State::stops) return forget(place);
  if (end.well) {
    log::info("Worker[{}] {} ended", place->number, place->id);
    return forget(place);
  }
  const Duration lived = now - place->started;
  if (lived >= healthy_after) place->failures = 0;
  place->failed_starts = !end.by_signal && lived < start_time ? place->failed_starts + 1 : 0;
  restart_later(place, end.text, now, out);
}

void Crew::restart_later(Places::iterator place, const std::string& why, TimePoint now,
                         Effects& out) {
  remember(place->id);
  if (place->failed_starts >= failed_starts_max) return give_up(*place, why, now, out);
  const Duration delay = restart_delay(place->failures++);
  log::warning("Worker[{}] {} ended by {}, another starts in {} ms", place->number, place->id, why,
               std::chrono::duration_cast<std::chrono::milliseconds>(delay).count());
  place->state = State::waits;
  place->since = now + delay;
}

void Crew::give_up(const Place& place, const std::string& why, TimePoint now, Effects& out) {
  failure_ = fmt::format("Worker[{}] could not start {} times in a row ({})", place.number,
                         failed_starts_max, why);
  const auto ended = find(place.id);
  forget(ended);
  if (!stopping_) stop_all(now, out);
}

// ---- stopping ----

bool Crew::stop(std::string_view id, TimePoint now, Effects& out) {
  if (const auto place = find(id); place != places_.end()) {
    stop(place, now, out);
    return true;
  }
  return std::find(ended_.rbegin(), ended_.rend(), id) != ended_.rend();
}

void Crew::stop(Places::iterator place, TimePoint now, Effects& out) {
  if (place->state == State::waits) return forget(place);
  if (place->state == State::stops) return;
  place->state = State::stops;
  place->since = now + options_.stop_patience;
  out.push_back(EndWorker{place->id, false});
}

void Crew::stop_oldest(std::size_t count, TimePoint now, Effects& out) {
  std::vector<std::string> chosen;
  for (const State first :
       {State::waits, State::runs})  // one that does not run costs nobody a task
    for (const Place& place : places_)
      if (place.state == first && chosen.size() < count) chosen.push_back(place.id);
  for (const std::string& id : chosen) stop(find(id), now, out);
}

void Crew::stop_all(TimePoint now, Effects& out) {
  const bool again = std::exchange(stopping_, true);
  std::vector<std::string> ids;
  for (const Place& place : places_) ids.push_back(place.id);
  for (const std::string& id : ids) {
    const auto place = find(id);
    stop(place, now, out);
    if (again && find(id) != places_.end()) place->since = now;
  }
  if (again) on_deadline(now, out);
}

// ---- time ----

void Crew::on_deadline(TimePoint now, Effects& out) {
  std::size_t late = 0;
  for (Place& place : places_) {
    if (place.state == State::runs || place.since > now) continue;
    if (place.state == State::waits) {
      launch(place, now, out);
    } else if (!std::exchange(place.killed, true)) {
      ++late;
      out.push_back(EndWorker{place.id, true});
    }
  }
  if (late > 0) log::warning("{} workers do not end in time, send SIGKILL", late);
}

std::optional<TimePoint> Crew::next_deadline() const {
  std::optional<TimePoint> next;
  for (const Place& place : places_)
    if (place.state != State::runs && !place.killed && (!next || place.since < *next))
      next = place.since;
  return next;
}

// ---- looking ----

std::size_t Crew::wanted() const {
  return static_cast<std::size_t>(
      std::count_if(places_.begin(), places_.end(),
                    [](const Place& place) { return place.state != State::stops; }));
}

bool Crew::runs(std::string_view id) const {
  return std::any_of(places_.begin(), places_.end(), [&](const Place& place) {
    return place.id == id && place.state != State::waits;
  });
}

Crew::Places::iterator Crew::find(std::string_view id) {
  return std::find_if(places_.begin(), places_.end(),
                      [&](const Place& place) { return place.id == id; });
}

void Crew::forget(Places::iterator place) {
  remember(place->id);
  places_.erase(place);
}

void Crew::remember(std::string id) {
  if (ended_.size() == ended_max) ended_.pop_front();
  ended_.push_back(std::move(id));
}

}  // namespace scaler::manager
