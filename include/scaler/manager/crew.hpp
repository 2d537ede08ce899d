#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "scaler/base/random.hpp"
#include "scaler/base/time.hpp"

namespace scaler::manager {

// What a manager wants done with processes. The role performs it, and says how it went.
struct StartWorker {
  std::string id;
  std::uint64_t number = 0;  // for log lines
};
struct EndWorker {
  std::string id;
  bool at_once = false;  // SIGKILL instead of SIGTERM
};
using Effect = std::variant<StartWorker, EndWorker>;
using Effects = std::vector<Effect>;

// How a worker's process ended.
struct WorkerEnd {
  bool well = false;  // of its own accord: exit code 0
  bool by_signal = false;
  std::string text;  // "exit code 3", "signal 9 (Killed)"
};

struct CrewOptions {
  std::string type = "NAT";        // ids are Worker|TYPE|<32 hex>|<32 hex>
  std::vector<std::string> names;  // or, for the first ones, Worker|NAME|<32 hex>
  std::uint64_t random_seed = 1;
  Duration stop_patience = 10s;  // between SIGTERM and SIGKILL
};

// The workers of one manager, each a process of its own. One that fails is replaced, under a new id
// and more slowly each time; one that ended of its own accord was sent home, and is not. Pure:
// every call says the time, and what must be done is added to `out`.
class Crew {
 public:
  explicit Crew(CrewOptions options);

  std::string start(TimePoint now, Effects& out);  // the new worker's id
  // False: it is not one of ours, nor was it lately. A worker that has ended is stopped already.
  bool stop(std::string_view id, TimePoint now, Effects& out);
  void stop_oldest(std::size_t count, TimePoint now, Effects& out);
  // Nothing starts any more. The second time, what is left is killed.
  void stop_all(TimePoint now, Effects& out);

  void on_not_started(std::string_view id, const std::string& why, TimePoint now, Effects& out);
  void on_ended(std::string_view id, const WorkerEnd& end, TimePoint now, Effects& out);
  void on_deadline(TimePoint now, Effects& out);
  std::optional<TimePoint> next_deadline() const;

  std::size_t wanted() const;            // those that run, or start soon, and are not to be stopped
  bool runs(std::string_view id) const;  // stopping ones included
  bool empty() const { return places_.empty(); }
  // Workers could not start several times in a row: why. The crew has stopped itself then.
  const std::optional<std::string>& failure() const { return failure_; }

 private:
  enum class State : std::uint8_t { runs, waits, stops };
  struct Place {
    std::uint64_t number = 0;
    std::string id;  // waits: of the one that ended
    State state = State::runs;
    TimePoint since{};  // waits: when the next one starts; stops: when it is killed
    TimePoint started{};
    unsigned failures = 0;       // in a row, none of them after a healthy time
    unsigned failed_starts = 0;  // in a row
    bool killed = false;
  };
  using Places = std::deque<Place>;  // in order of their first start

  Places::iterator find(std::string_view id);
  std::string new_id(std::uint64_t number);
  void launch(Place& place, TimePoint now, Effects& out);
  void restart_later(Places::iterator place, const std::string& why, TimePoint now, Effects& out);
  void give_up(const Place& place, const std::string& why, TimePoint now, Effects& out);
  void stop(Places::iterator place, TimePoint now, Effects& out);
  void forget(Places::iterator place);
  void remember(std::string id);

  CrewOptions options_;
  Random random_;
  Places places_;
  std::deque<std::string> ended_;  // ids, the latest last
  std::uint64_t next_number_ = 0;
  std::optional<std::string> failure_;
  bool stopping_ = false;
};

}  // namespace scaler::manager
