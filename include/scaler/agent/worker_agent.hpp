#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scaler/agent/channel_protocol.hpp"
#include "scaler/base/address.hpp"
#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/base/time.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::agent {

struct Options {
  std::string worker_id;  // "Worker|FIX|<hex>|<hex>": also the connection's identity
  std::string manager_id;
  wire::Capabilities capabilities;
  std::uint32_t task_queue_size = 1000;  // announced, not enforced here
  Duration heartbeat_interval = 2s;
  Duration task_timeout = 0s;    // 0: none
  Duration task_cpu_limit = 0s;  // enforced by the processors; 0: none
  Duration death_timeout = 300s;
  Duration kill_patience =
      0s;  // between SIGTERM and SIGKILL of a cancelled task's processor; 0: SIGKILL at once
  bool hard_suspend = false;
  std::optional<Address> object_storage;  // else learned from the first echo
  std::uint64_t prefetch_bytes_max = 64 << 20;
  std::uint64_t recent_bytes_max = 8 << 20;    // of own results that tasks here may take next
  std::uint64_t upload_bytes_max = 256 << 20;  // above: no new task until the store took some
  std::uint64_t processor_cache_bytes_max = 1 << 30;  // pickled size of what a processor may keep
  std::uint64_t random_seed = 1;
};

using ProcessorId = std::uint32_t;  // counts up; never used twice

// ---- what the agent wants done, in order ----

struct ToScheduler {
  wire::Message message;
};
struct ConnectStore {
  Address address;
};
struct GetObject {
  ObjectId id;
};
struct SetObject {
  ObjectId id;
  Bytes payload;
  bool is_announced = false;   // nobody waits for on_object_stored
  bool may_be_handed = false;  // on_object_handed_over may be said instead
};
struct RemoveObject {  // a result of ours that nobody wants any more
  ObjectId id;
};
struct StartProcessor {
  ProcessorId processor;
};
struct TellProcessor {
  ProcessorId processor;
  ToProcessor message;
};
struct SuspendProcessor {
  ProcessorId processor;
  bool hard = false;
};
struct ResumeProcessor {
  ProcessorId processor;
  bool hard = false;
};
struct KillProcessor {
  ProcessorId processor;
  Duration patience;  // SIGTERM first if positive
};
struct Leave {  // say goodbye is done (the DisconnectRequest precedes it); flush, then end with
                // this code
  int exit_code = 0;
  std::string reason;
};
using Effect =
    std::variant<ToScheduler, ConnectStore, GetObject, SetObject, RemoveObject, StartProcessor,
                 TellProcessor, SuspendProcessor, ResumeProcessor, KillProcessor, Leave>;
using Outbox = std::vector<Effect>;

// What the role measures for a heartbeat.
struct Measures {
  wire::Resource agent;
  std::uint64_t rss_free_bytes = 0;
  std::vector<std::pair<ProcessorId, wire::Resource>> processors;
};

// How a processor ended, as the operating system tells it.
struct ProcessorEnd {
  int exit_code = 0;
  int signal = 0;    // 0: it exited
  std::string text;  // "signal 9 (Killed)"
};

// One worker: its task queue, its processors, its objects in flight. Pure: the role carries
// messages, bytes and signals. One task runs at a time; a task of higher priority suspends it. A
// result travels in the order that clients rely on: bytes stored and acknowledged (or handed over),
// then the object's create, then the task's result. A small result whose owner takes it with the
// TaskResult leaves for both places at once.
class WorkerAgent {
 public:
  explicit WorkerAgent(Options options);
  ~WorkerAgent();

  void start(TimePoint now, Outbox& out);
  void on_scheduler_message(wire::Message message, Bytes frame, TimePoint now, Outbox& out);
  void on_scheduler_connected(TimePoint now, Outbox& out);
  void on_scheduler_lost(TimePoint now, Outbox& out);

  void on_store_connected(TimePoint now, Outbox& out);
  void on_store_lost(TimePoint now, Outbox& out);
  void on_object(const ObjectId& id, Bytes payload, TimePoint now, Outbox& out);
  void on_object_stored(const ObjectId& id, TimePoint now, Outbox& out);
  // The kernel of the store's own host has the bytes of such a SetObject: nothing but the store's
  // end can keep them from it, so its result need not wait for the answer.
  void on_object_handed_over(const ObjectId& id);

  void on_processor_message(ProcessorId processor, FromProcessor message, TimePoint now,
                            Outbox& out);
  // The channel ended or the process did; said once per processor, when both are over or the kill
  // is done.
  void on_processor_ended(ProcessorId processor, const ProcessorEnd& end, TimePoint now,
                          Outbox& out);

  // Measures are asked for when a heartbeat is due: the role calls this with them instead of
  // on_deadline.
  bool heartbeat_due(TimePoint now) const;
  void send_heartbeat(const Measures& measures, TimePoint now, Outbox& out);
  void on_deadline(TimePoint now, Outbox& out);
  // Once after all events of a turn, before what they put out is done: results that were stored
  // meanwhile are announced together.
  void finish_turn(Outbox& out);
  std::optional<TimePoint> next_deadline() const;

  void leave(const std::string& reason, TimePoint now, Outbox& out);  // SIGTERM, for instance
  void check_invariants() const;

  // What was said to us and had no effect, by whose fault it was.
  struct Counters {
    std::uint64_t unknown_messages = 0;          // the scheduler's: kinds that are not for a worker
    std::uint64_t duplicate_tasks = 0;           // already here
    std::uint64_t stale_processor_messages = 0;  // about a task it does not have
    std::uint64_t unwanted_objects = 0;          // bytes that no task here needs any more
  };
  const Counters& counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::agent
