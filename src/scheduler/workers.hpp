#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "scaler/base/ids.hpp"
#include "scaler/base/time.hpp"
#include "scaler/wire/messages.hpp"
#include "scheduler/intrusive.hpp"
#include "scheduler/tasks.hpp"

namespace scaler::scheduler {

using Names = std::vector<std::string>;  // of capabilities: sorted, each once

// Whose tasks a worker holds, or held a moment ago: for these clients it may create objects.
struct Holding {
  Bytes client;
  std::uint32_t tasks = 0;
  TimePoint since{};  // of the last task that came or went
};

enum class WorkerStanding : std::uint8_t {
  present,    // registered by a heartbeat
  leaving,    // lost; its tasks are being queued again, some each turn
  remembered  // lost and empty; its late results still count for a while
};

struct Worker {
  Bytes identity;
  Index serial = 0;  // one number per identity for as long as it is remembered
  WorkerStanding standing = WorkerStanding::remembered;
  std::optional<PeerId> peer;         // none: no connection, grace runs
  std::uint64_t connection_lost = 0;  // counts lost connections, to tell which grace has run out
  TimePoint last_seen{};
  std::uint64_t registered = 0;  // order of registration
  TimePoint registered_at{};
  std::uint32_t capacity = 0;       // tasks it takes; of the first heartbeat only
  wire::Capabilities capabilities;  // of the first heartbeat only
  Bytes manager_id;                 // of the first heartbeat only
  wire::WorkerHeartbeat last;
  PlacedTasks tasks;                // in order of assignment
  std::uint32_t leaving_tasks = 0;  // of them balance_canceling
  TimePoint asked_back_at{};        // when a task was balanced away last
  bool returning = false;  // on a new connection; gets no more tasks until asked about all it has
  Index to_ask = none;     // returning: the next task that it is asked about
  bool draining = false;   // gets no more tasks, goes when it has none
  bool names_results = false;                   // as it is told to: it has been seen to
  bool counts_reruns = false;                   // leaving: it did not say good-bye
  std::optional<TimePoint> retiring_since;      // its manager was told to stop it: no more tasks
  bool is_beyond_manager = false;               // its manager says that it does not know it
  std::unordered_map<Index, Holding> holdings;  // by client serial

  Index group = none;  // of workers with the same capability names
  enum class Bucket : std::uint8_t { out, open, full } bucket = Bucket::out;
  std::uint32_t bucket_load = 0;  // the load it is filed under
  std::uint64_t changed = 0;      // when its place in the buckets changed last
  Link in_bucket;

  std::uint32_t load() const { return tasks.size; }
  std::uint32_t free_places() const { return capacity > load() ? capacity - load() : 0; }
};

// All workers, also those remembered after their loss.
class WorkerTable {
 public:
  Index find(const Bytes& identity) const;
  Index insert(const Bytes& identity);
  void erase(Index index);

  // Takes and gives back tasks: the list, the load and the holdings.
  void attach(Index index, TaskTable& tasks, Index task, Index client_serial, const Bytes& client,
              TimePoint now);
  void detach(TaskTable& tasks, Index task, Index client_serial, TimePoint now);

  // Does it hold, or did it hold lately, a task of this client?
  bool works_for(Index index, Index client_serial) const;
  bool worked_for_identity(Index index, const Bytes& client) const;  // O(clients it works for)
  void forget_old_holdings(Index index, TimePoint before);

  std::vector<Index> present_in_order() const;  // O(n log n)

  Worker& operator[](Index index) { return pool_[index]; }
  const Worker& operator[](Index index) const { return pool_[index]; }
  std::size_t present() const { return present_; }
  void set_standing(Index index, WorkerStanding standing);
  const std::map<std::string, Index, std::less<>>& by_identity() const { return by_identity_; }

 private:
  Pool<Worker> pool_;
  std::map<std::string, Index, std::less<>> by_identity_;
  Index next_serial_ = 1;
  std::uint64_t next_registration_ = 1;
  std::size_t present_ = 0;
};

}  // namespace scaler::scheduler
