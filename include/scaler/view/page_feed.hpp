#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "scaler/base/time.hpp"
#include "scaler/view/cluster_view.hpp"
#include "scaler/view/task_history.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::view {

// What the page shows of a monitor stream, as JSON: a snapshot for who comes, and for who is there
// what has changed. Pure, bounded. docs/web-page.md describes the objects.
class PageFeed {
 public:
  struct Options {
    std::string monitor_address;
    TaskHistory::Limits history = {};
    std::size_t tasks_per_delta_max = 500;  // new ones; what becomes of those told is always said
    WallMs started = 0;                     // times on the page count from here
  };
  // Both clocks of one moment: what was measured is by the monotonic one, what is shown by the
  // other.
  struct Now {
    TimePoint at;
    WallMs wall = 0;
  };
  explicit PageFeed(Options options);
  ~PageFeed();

  void on_message(const wire::Message& message, Now now);

  // What changed since the last delta; nothing when nothing did, but each second one that says so.
  std::optional<std::string> take_delta(Now now);
  // All, as of the last delta: take that first, and give it to those who are there.
  std::string snapshot(Now now) const;
  std::uint64_t sequence() const;  // counts the deltas

  std::string metrics(Now now) const;  // Prometheus' text format
  bool is_fresh(Now now) const;        // the scheduler said something within five seconds

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::view
