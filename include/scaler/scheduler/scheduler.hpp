#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/base/random.hpp"
#include "scaler/base/time.hpp"
#include "scaler/scheduler/inquiry.hpp"
#include "scaler/scheduler/outbox.hpp"
#include "scaler/scheduler/scaling.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::scheduler {

enum class Allocation : std::uint8_t { even_load, capability };

struct Options {
  wire::ObjectStorageAddress advertised_storage;  // what every heartbeat echo says
  bool is_protected = false;                      // refuse a client's shutdown request
  std::int64_t tasks_waiting_max = -1;            // -1: no limit
  Duration client_timeout = 60s;
  Duration worker_timeout = 60s;
  Duration worker_reconnect_grace = 3s;  // a worker whose connection closed is given up after this
  Duration object_retention = 0s;        // between "nobody uses it" and its deletion
  Duration load_balance_interval = 1s;   // negative: off
  std::uint32_t load_balance_trigger_times = 2;
  std::uint64_t copies_bytes_max = 64 << 20;  // of small objects that tasks here carry along
  std::uint32_t task_retries_max = 5;  // re-runs after a lost worker; then failed_worker_died
  Allocation allocation = Allocation::even_load;
  ScalingOptions scaling;
  std::uint64_t random_seed = 1;
};

// Decides which worker runs which task. Knows no socket, clock or thread, so that a test, a
// simulation and the daemon all drive the very same code. A handler costs O(log tasks) unless it
// says otherwise.
class Scheduler {
 public:
  explicit Scheduler(Options options);
  ~Scheduler();

  // A connection and its identity. A newer connection of one identity takes the older one's place:
  // the role says on_peer_lost for the old one first.
  void on_peer(PeerId peer, const Bytes& identity, TimePoint now, Outbox& out);
  void on_peer_lost(PeerId peer, TimePoint now, Outbox& out);  // O(tasks held by that peer), sliced

  // `frame` is what `message` was decoded from; forwards send it as it is.
  void on_message(PeerId from, wire::Message message, Bytes frame, TimePoint now, Outbox& out);

  // Once per loop turn: places what became ready or free, continues long bursts. True: there is
  // more, call again next turn.
  bool run_turn(TimePoint now, Outbox& out);

  void on_deadline(TimePoint now, Outbox& out);
  std::optional<TimePoint> next_deadline() const;

  void set_monitored(bool somebody_listens);

  // The monitor's once-a-second report. The role fills in what only it knows (message counts, the
  // process's resources).
  wire::StateScheduler status(TimePoint now) const;

  // For those who ask. Costs are bounded (inquiry.hpp).
  Explanation explain(const TaskId& task) const;
  TaskList list_tasks(const TaskFilter& filter) const;
  // The worker whose identity is, or as the only one holds, this text: it gets no more tasks, what
  // it has not started goes elsewhere, and it is sent home when it is idle.
  DrainAnswer drain(std::string_view worker, TimePoint now, Outbox& out);
  std::vector<Bytes> draining() const;  // identities

  struct Counters {  // since start
    std::uint64_t tasks_accepted = 0, tasks_finished = 0, tasks_rerun = 0, messages_refused = 0;
    std::uint64_t tasks_sent_ahead = 0;  // of what they take
  };
  const Counters& counters() const;

  void check_invariants()
      const;  // O(everything); tests and the simulation call it after every step

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::scheduler
