#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "scaler/http/session.hpp"
#include "scaler/manager/crew.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::manager {

// The worker manager of release 1.12: a scheduler asks it over HTTP for groups of workers. A group
// is one worker here. Answers never wait: a worker is started, or told to end, by the time of them.
class WorkerAdapter {
 public:
  WorkerAdapter(std::int64_t workers_max, wire::Capabilities capabilities, CrewOptions crew);

  http::Response on_request(const http::Request& request, TimePoint now);

  void on_not_started(std::string_view id, const std::string& why, TimePoint now);
  void on_ended(std::string_view id, const WorkerEnd& end, TimePoint now);
  void stop(TimePoint now);  // all workers, and nothing new; the second time at once
  void on_deadline(TimePoint now) { crew_.on_deadline(now, effects_); }
  std::optional<TimePoint> next_deadline() const { return crew_.next_deadline(); }

  Effects take_effects() { return std::exchange(effects_, {}); }
  bool finished() const { return stopping_ && crew_.empty(); }
  const Crew& crew() const { return crew_; }

 private:
  http::Response describe() const;
  http::Response start_group(TimePoint now);
  http::Response stop_group(const std::string& group, TimePoint now);

  std::int64_t workers_max_;
  wire::Capabilities capabilities_;
  Crew crew_;
  Effects effects_;
  Random random_;
  std::map<std::string, std::string> groups_;  // to the worker's id
  bool stopping_ = false;
};

}  // namespace scaler::manager
