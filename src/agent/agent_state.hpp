#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "agent/known_objects.hpp"
#include "agent/object_table.hpp"
#include "agent/recent_results.hpp"
#include "agent/task_queue.hpp"
#include "scaler/agent/worker_agent.hpp"
#include "scaler/base/random.hpp"

namespace scaler::agent {

// ---- tasks ----
//
//              +--> Parked --+        its objects take long: others may pass
//              |             v
//   (arrives) -+--------> Queued --> Running <--> Suspended      (in the queue as well)
//
// Queued, Parked, Suspended and Running end by a cancel; all but Queued also by a failure. A task
// that ended by itself or failed lives on as an Upload until its result is stored.
struct Queued {
  TaskQueue::Key key;
};
struct Parked {
  TaskQueue::Key key;
};
struct Running {
  ProcessorId processor;
  TaskQueue::Key key;  // the place it had
};
struct Suspended {
  ProcessorId processor;
  TaskQueue::Key key;
};

struct AgentTask {
  wire::Task said;
  wire::TaskFlags flags;
  std::vector<ObjectId> needs;  // the serializer, the function, the arguments; each once
  std::variant<Queued, Parked, Running, Suspended> state;
  bool in_window = false;                  // its objects are being fetched ahead of its turn
  std::optional<TimePoint> held_up_since;  // at the queue's head, objects missing

  // Since RunTask:
  TimePoint given_at;
  TimePoint active_since;     // not suspended since
  Duration active_before{0};  // active time before that
  std::optional<std::uint64_t> rss_first;
  std::uint64_t rss_most = 0;
};

// A result or failure on its way into the store. Under a load of short tasks it is first held back
// a moment, to travel with others.
struct Upload {
  TaskId task;
  std::optional<ObjectId> id;  // that the object is to have
  Bytes client;
  Bytes payload;
  bool failed = false;
  bool named = true;      // an agent's own failures have an empty name
  bool canceled = false;  // meanwhile: the object is announced, the result is not
  bool carried = false;   // with its announcement, which then waits for the store only if it failed
  bool announced = false;
  bool deleted = false;  // announced, and deleted before the store said that it has it
  wire::TaskProfile profile;
};

// ---- processors ----

struct Starting {};
struct Idle {};
struct Busy {
  TaskId task;
};
struct Stopped {  // suspended with its task
  TaskId task;
};
struct Dying {};  // killed by us; its end is awaited and means nothing more

struct Processor {
  std::variant<Starting, Idle, Busy, Stopped, Dying> state = Starting{};
  std::uint32_t pid = 0;       // 0 until it says so
  std::uint64_t last_use = 0;  // a counter: the warmest processor is used first
  KnownObjects known;

  template <class State>
  bool is() const {
    return std::holds_alternative<State>(state);
  }
  // Busy or Stopped.
  std::optional<TaskId> task() const;
};

struct WorkerAgent::Impl {
  explicit Impl(Options given)
      : options(std::move(given)),
        random(options.random_seed),
        objects(options.prefetch_bytes_max),
        recent(options.recent_bytes_max) {}

  // tasks.cpp: the queue, suspension, cancels
  void accept(wire::Task said, TimePoint now, Outbox& out);
  void take_copies(AgentTask& task);
  void cancel(const wire::TaskCancel& said, TimePoint now, Outbox& out);
  void pump(TimePoint now, Outbox& out);  // does what the queue allows; after every event
  bool preempt(AgentTask& head, TimePoint now, Outbox& out);
  void take_back(const TaskId& id);  // from a processor that did not begin it
  void start_task(AgentTask& task, ProcessorId id, TimePoint now, Outbox& out);
  void suspend_running(TimePoint now, Outbox& out);
  void resume(AgentTask& task, TimePoint now, Outbox& out);
  void time_out_running(TimePoint now, Outbox& out);
  std::optional<TimePoint> task_deadline() const;
  // Out of every table but the processors'. The reference is gone then.
  AgentTask take_task(const TaskId& id, Outbox& out);

  // objects.cpp: fetching ahead, giving, forgetting
  void fetch_ahead(TimePoint now, Outbox& out);
  void refetch_window();
  std::vector<ObjectId> fetch_missing(AgentTask& task, TimePoint now, Outbox& out);
  void fetch(const ObjectId& id, Retain retain, TimePoint now, Outbox& out);
  void ask_store(const ObjectId& id, TimePoint now, Outbox& out);
  void park(AgentTask& task, const std::vector<ObjectId>& missing);
  void unpark(const std::vector<TaskId>& ids, TimePoint now, Outbox& out);
  void object_arrived(const ObjectId& id, Bytes payload, TimePoint now, Outbox& out);
  void give_objects(const AgentTask& task, ProcessorId id, Outbox& out);
  void forget(const std::vector<ObjectId>& ids, Outbox& out);
  void objects_deleted(const std::vector<ObjectId>& ids, TimePoint now, Outbox& out);
  void give_up_expired(TimePoint now, Outbox& out);
  void release_needs(const AgentTask& task, Outbox& out);
  void result_is_here(const ObjectId& id, const Bytes& payload, TimePoint now, Outbox& out);
  void result_will_not_come(const wire::Task& said, TimePoint now, Outbox& out);

  // processors.cpp
  Processor* find_processor(ProcessorId id);
  Processor* holder_of(ProcessorId id, const TaskId& task);  // if it has that task
  std::optional<ProcessorId> warmest_idle() const;
  std::size_t available() const;  // starting and idle ones
  void ensure_available(TimePoint now, Outbox& out);
  void start_processor(Outbox& out);
  void trim_available(Outbox& out);
  void kill(ProcessorId id, std::string_view reason, Outbox& out);
  void processor_message(ProcessorId id, FromProcessor message, TimePoint now, Outbox& out);
  void processor_ended(ProcessorId id, const ProcessorEnd& end, TimePoint now, Outbox& out);
  bool may_have_used_up(const AgentTask& task, TimePoint now) const;

  // results.cpp
  void task_finished(ProcessorId id, TaskFinished said, TimePoint now, Outbox& out);
  void fail(const TaskId& id, std::string_view module, std::string_view name, std::string_view text,
            TimePoint now, Outbox& out);
  void upload(Upload upload, Outbox& out);
  void hold(Upload upload, TimePoint now, Outbox& out);
  ObjectId add_upload(Upload upload);
  ObjectId id_for(const Upload& upload);
  bool may_hold(TimePoint now) const;
  void upload_held(TimePoint now, Outbox& out);  // when it is time
  void forget_held();
  void send_result(const ObjectId& id, Upload& result, Outbox& out);
  void result_deleted(const ObjectId& id, Outbox& out);
  void object_stored(const ObjectId& id);
  void object_handed_over(const ObjectId& id);
  void announce(const ObjectId& id, Upload& result);
  void announce_stored(Outbox& out);
  void tell_result(const ObjectId& id, const Upload& result, Outbox& out);
  bool uploads_full() const;

  // scheduler_side.cpp: heartbeats, addresses, leaving
  void scheduler_message(wire::Message message, TimePoint now, Outbox& out);
  void echo(const wire::WorkerHeartbeatEcho& said, TimePoint now, Outbox& out);
  void learn_storage(const wire::ObjectStorageAddress& said, TimePoint now, Outbox& out);
  void connect_store(TimePoint now, Outbox& out);
  wire::WorkerHeartbeat heartbeat(const Measures& measures);
  void note_memory(const Measures& measures);
  void leave(int exit_code, std::string reason, bool say_goodbye, Outbox& out);
  void send_to_store(TimePoint now, Outbox& out);
  void check_timeouts(TimePoint now, Outbox& out);
  std::optional<TimePoint> next_deadline() const;
  std::optional<ProcessorId> serving() const;  // who runs what comes next, if nothing happens

  Options options;
  Random random;
  Counters counters;
  bool left = false;

  // The scheduler.
  bool connected = false;
  TimePoint last_echo;  // or the start
  TimePoint next_heartbeat;
  std::optional<TimePoint> unanswered_since;
  Duration latency{0};

  // The store.
  std::optional<Address> storage;
  bool store_connected = false;
  std::optional<TimePoint> store_missing_since;
  ObjectTable objects;
  RecentResults recent;

  // Tasks.
  std::unordered_map<TaskId, AgentTask> tasks;
  TaskQueue queue;            // Queued and Suspended
  std::size_t suspended = 0;  // tasks, all of them in the queue
  std::size_t parked = 0;
  std::unordered_set<ObjectId> to_come;  // results of tasks here, by the ids they will have
  std::optional<TaskId> running;
  std::size_t window = 0;                        // queued tasks with in_window
  std::optional<TaskQueue::Key> window_scanned;  // up to here all that may be in the window is

  // Results on their way.
  std::map<ObjectId, Upload> uploads;
  std::unordered_map<TaskId, ObjectId> uploading;
  std::uint64_t upload_bytes = 0;
  std::vector<ObjectId> held;  // uploads that the store has not been told of, oldest first
  std::uint64_t held_bytes = 0;
  TimePoint held_since;                             // of the first
  std::vector<std::pair<ObjectId, Upload>> stored;  // the scheduler is told at the turn's end

  // Processors.
  std::map<ProcessorId, Processor> processors;
  ProcessorId next_processor = 1;
  std::uint64_t uses = 0;
  unsigned starting_deaths = 0;          // in a row
  unsigned idle_deaths = 0;              // since a task ended well
  std::optional<TimePoint> start_after;  // back-off
};

// How long the head of the queue may wait for its objects before others pass it.
constexpr Duration head_patience = 1s;
// How long an object whose owner deleted it may still come.
constexpr Duration deleted_patience = 5s;
constexpr std::size_t window_tasks_max = 128;
// What a task of less than this leaves may be held back as long as this, while others wait behind
// it. So a result comes a millisecond or two late at most, and only from a worker that is behind
// anyway.
constexpr Duration hold_patience = 1ms;
constexpr std::size_t held_results_max = 16;
constexpr std::uint64_t held_bytes_max = 64 << 10;
constexpr std::size_t uploads_max = 10'000;
constexpr std::size_t known_objects_max = 10'000;
constexpr unsigned starting_deaths_max = 3;
constexpr int unanswered_intervals_max = 5;

constexpr std::string_view builtins = "builtins";

}  // namespace scaler::agent
