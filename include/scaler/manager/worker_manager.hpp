#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scaler/manager/crew.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::manager {

struct Options {
  std::string manager_id;
  wire::Capabilities capabilities;  // of each worker
  std::int64_t workers_max = -1;    // -1: no limit
  Duration heartbeat_interval = 2s;
  CrewOptions crew;
};

// A worker manager that does what its scheduler says. Older schedulers (up to 2.2) tell it to start
// one worker or to stop named ones, and get an answer to each; those of 2.6 say how many workers
// there should be, and the oldest end first. A scheduler of 2.2 says both: its commands count.
class WorkerManager {
 public:
  explicit WorkerManager(Options options);

  void on_connected(TimePoint now);
  void on_lost();
  void on_message(const wire::Message& message, TimePoint now);
  void on_not_started(std::string_view id, const std::string& why, TimePoint now);
  void on_ended(std::string_view id, const WorkerEnd& end, TimePoint now);
  void stop(TimePoint now);  // all workers, and nothing new; the second time at once

  void on_deadline(TimePoint now);
  std::optional<TimePoint> next_deadline() const;

  // What the role performs after each call, in this order.
  Effects take_effects() { return std::exchange(effects_, {}); }
  std::vector<wire::Message> take_messages() { return std::exchange(messages_, {}); }

  bool finished() const { return stopping_ && crew_.empty(); }
  const Crew& crew() const { return crew_; }

 private:
  // A stop is answered when the last of its workers has ended.
  struct Stopping {
    std::vector<Bytes> asked;
  };

  void on_command(const wire::WorkerManagerCommand& command, TimePoint now);
  void start_one(TimePoint now);
  void stop_named(const std::vector<Bytes>& ids, TimePoint now);
  void reach(std::uint64_t wanted, TimePoint now);
  std::uint64_t limit() const;
  void answer(wire::ManagerCommandType type, wire::ManagerResponseStatus status,
              std::vector<Bytes> ids);
  void answer_finished_stops();
  void say_heartbeat(TimePoint now);
  void after_end();

  Options options_;
  Crew crew_;
  Effects effects_;
  std::vector<wire::Message> messages_;
  std::vector<Stopping> stops_;
  std::optional<TimePoint> heartbeat_at_;  // while connected
  bool stopping_ = false;
};

}  // namespace scaler::manager
