#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/time.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::view {

// One worker as the scheduler said it last, joined with what else is known of it.
struct WorkerView {
  wire::StateScheduler::WorkerStatus status;
  Bytes manager_id;                                // empty: nobody claims it
  std::optional<wire::Capabilities> capabilities;  // none: it connected before we listened
  std::uint64_t cpu_permille = 0;                  // of its processors together
  std::uint64_t rss_bytes = 0;
};

// Sums over workers.
struct Totals {
  std::uint64_t workers = 0;
  std::uint64_t agent_cpu_permille = 0;
  std::uint64_t agent_rss_bytes = 0;
  std::uint64_t cpu_permille = 0;
  std::uint64_t rss_bytes = 0;
  std::uint64_t free = 0;
  std::uint64_t sent = 0;
  std::uint64_t queued = 0;
  std::uint64_t suspended = 0;
  friend bool operator==(const Totals&, const Totals&) = default;
};

// A manager that said something of itself, or only has workers, as a fixed pool may.
struct ManagerView {
  Bytes id;  // empty: the workers that nobody claims
  std::optional<wire::StateScheduler::ManagerDetail> detail;  // none: it is not connected itself
  Totals totals;
};

// What a monitor stream has told, folded into one picture: pure, fed by whoever listens.
class ClusterView {
 public:
  // Messages that say nothing about workers or the whole are ignored. O(workers) for a
  // StateScheduler.
  void on_message(const wire::Message& message, TimePoint now);

  bool empty() const { return !said_at_; }  // no StateScheduler came yet
  Duration age(TimePoint now) const;        // of the last StateScheduler; zero when empty
  const wire::StateScheduler& state() const { return state_; }
  const std::vector<WorkerView>& workers() const { return workers_; }     // as the scheduler lists
  const std::vector<ManagerView>& managers() const { return managers_; }  // by id
  const Totals& totals() const { return totals_; }
  std::uint64_t pending_workers() const;

 private:
  struct Known {
    wire::Capabilities capabilities;
    bool is_new = true;  // no StateScheduler came since
  };
  void on_state(const wire::StateScheduler& state, TimePoint now);
  void on_worker(const wire::StateWorker& event);
  void join_workers();
  void join_managers();
  void forget_gone_workers();

  wire::StateScheduler state_;
  std::optional<TimePoint> said_at_;
  std::vector<WorkerView> workers_;
  std::vector<ManagerView> managers_;
  Totals totals_;
  std::unordered_map<std::string, Known> known_;  // by identity; at most known_workers_max
};

// The columns of the worker table, in their order from the left.
enum class Column : std::uint8_t {
  manager,
  worker,
  agent_cpu,
  agent_rss,
  cpu,
  rss,
  host_free,
  free,
  sent,
  queued,
  suspended,
  lag,
  itl
};
constexpr std::size_t column_count = 13;

enum class Direction : std::uint8_t { descending, ascending };

struct Order {
  Column by = Column::cpu;
  Direction direction = Direction::descending;
  friend bool operator==(const Order&, const Order&) = default;
};

// True when `filter` is a part of the name, whatever the case of ASCII letters.
bool contains(std::string_view name, std::string_view filter);

// The rows whose id, manager or capabilities contain `filter`, in order; equals stay as they were.
// They point into `view`.
std::vector<const WorkerView*> worker_rows(const ClusterView& view, Order order,
                                           std::string_view filter = {});
// By the sums of their workers, or by id where there is no sum; `worker` is how many there are.
std::vector<const ManagerView*> manager_rows(const ClusterView& view, Order order,
                                             std::string_view filter = {});
// By id if that is wanted (`worker`), else by the number of tasks.
std::vector<const wire::StateScheduler::ClientTasks*> client_rows(const ClusterView& view,
                                                                  Order order,
                                                                  std::string_view filter = {});

}  // namespace scaler::view
