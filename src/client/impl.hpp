#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "client/argument_list.hpp"
#include "client/counted_pointer.hpp"
#include "scaler/client/client_core.hpp"

namespace scaler::client {

struct Kept;
using KeptObjects = std::unordered_map<ObjectId, Kept>;

// What the tasks of one request have in common.
struct Common {
  KeptObjects::pointer function = nullptr;  // stays while one of its tasks is open
  wire::TaskFlags flags;
  wire::Capabilities capabilities;
  Bytes metadata;  // the flags, encoded
};

// An uploaded object, which any number of tasks may use.
struct Kept {
  Bytes name;
  std::size_t tasks_open = 0;                // whose function it is
  bool released = false;                     // goes with the last of them
  unsigned copies_sent = 0;                  // with tasks
  CountedPointer<const Common> last_common;  // most tasks are like the one before
};

// What is known of a task once its end was announced.
struct Announced {
  ObjectId result;
  std::optional<wire::TaskProfile> profile;
};

// sent -> fetching -> (known -> fetching ->) over, where the record is gone. A target of a graph
// is a task too. Programs have a million of them waiting, so every byte counts.
struct Task {
  enum class Phase : std::uint8_t {
    sent,      // the scheduler has it
    fetching,  // announced; its result is on the way to us
    known,     // announced and told; the result stays in the store until somebody wants it
  };
  Token token = 0;                       // of the next notice; 0 in `known`
  std::unique_ptr<Announced> announced;  // not in `sent`
  CountedPointer<const Common> common;   // not of a graph's target
  ArgumentList arguments;                // those of its own are released when it is over
  Phase phase = Phase::sent;
  Fetch fetch = Fetch::lazy;
  bool of_graph : 1 = false;  // whose key is that of the task's id
  bool failed : 1 = false;
  bool told : 1 = false;  // Finished was said: an Arrived is what is missing
  bool cancel_requested : 1 = false;
};
static_assert(sizeof(Task) == 64);

struct Graph {
  TaskId id;
  std::vector<TaskId> targets;
  std::vector<ObjectId> own;  // data, functions, and results of targets
  wire::GraphTask said;       // a scheduler that was started again has to hear it again
  bool cancel_requested = false;
};

std::uint64_t graph_key_of(const TaskId& id);  // the eight bytes that its nodes share

struct ClientCore::Impl {
  explicit Impl(Options given);

  // ---- session.cpp: connections, heartbeats, the end ----
  void on_echo(const wire::ClientHeartbeatEcho& echo, TimePoint now, Outbox& out);
  void on_store_connected(Outbox& out);
  void on_store_lost(std::string_view why, TimePoint now);
  void on_shutdown_answer(bool accepted, Outbox& out);
  void say_again();
  void announce_again(const ObjectId& id, const Bytes& name);
  void on_deadline(TimePoint now, Outbox& out);
  std::optional<std::string> complaint_about_store(TimePoint now) const;
  std::string complaint_about_refusals() const;
  std::optional<TimePoint> next_deadline() const;
  void leave(wire::DisconnectType type, TimePoint now, Outbox& out);
  void end(Reason reason, const std::string& text, Outbox& out);
  void refuse(const Request& request, Outbox& out);  // after the end

  // ---- doubts.cpp: whether somebody can run what is waited for ----
  void doubt(TimePoint now, Outbox& out);  // with each echo; O(1)
  void pick_doubted(TimePoint now);
  std::optional<TaskId> to_ask_about(const TaskId& id) const;

  // ---- tasks.cpp ----
  void on_request(Submit& request, Outbox& out);
  void on_request(FetchResult& request, Outbox& out);
  void on_request(Cancel& request, Outbox& out);
  void on_request(Abandon& request, Outbox& out);
  void on_result(const wire::TaskResult& result, Outbox& out);
  void on_confirm(const wire::TaskCancelConfirm& confirm, Outbox& out);
  void deliver(std::unordered_map<TaskId, Task>::iterator at, Bytes payload, Outbox& out);
  void ask_for(const TaskId& id, Task& task, std::uint64_t bytes_max, Outbox& out);
  void settle_canceled(std::unordered_map<TaskId, Task>::iterator at, Outbox& out);
  void settle_lost(std::unordered_map<TaskId, Task>::iterator at, Reason reason,
                   const std::string& text, Outbox& out);
  std::unordered_map<TaskId, Task>::iterator forget(std::unordered_map<TaskId, Task>::iterator at);
  CountedPointer<const Common> common_of(KeptObjects::value_type& function,
                                         const wire::TaskFlags& flags,
                                         wire::Capabilities capabilities);
  wire::Task message_of(const TaskId& id, const Task& task);
  wire::Carried carried_by(const Task& task);
  void request_cancel(const TaskId& id, Task& task);
  void cancel_all();
  void settle_all(std::optional<Reason> reason, const std::string& text, Outbox& out);

  // ---- graphs.cpp ----
  void on_request(SubmitGraph& request, Outbox& out);
  void finish_graph(std::uint64_t key, Outbox& out);
  void cancel_graph(std::uint64_t key);
  void settle_graph_canceled(std::uint64_t key, Outbox& out);

  // ---- objects.cpp ----
  void on_request(Upload& request, Outbox& out);
  void on_request(Release& request, Outbox& out);
  void on_request(Clear& request, Outbox& out);
  void on_object(const ObjectId& id, Bytes payload, Outbox& out);
  void on_object_stored(const ObjectId& id);
  void announce(std::vector<NewObject>& objects, Outbox& out);
  void release(const ObjectId& id);
  void release_kept(KeptObjects::iterator at);
  void flush(TimePoint now, Outbox& out);
  void flush_releases(Outbox& out);
  void give_back_room();

  Bytes source() const { return identity; }

  Options options;
  Bytes identity;
  enum class Phase : std::uint8_t { connecting, storing, ready, shutting_down, ended };
  Phase phase = Phase::connecting;

  // heartbeats
  TimePoint started;
  TimePoint heartbeat_at;
  std::optional<TimePoint> heartbeat_sent;  // and not answered
  TimePoint last_echo;
  std::uint32_t latency_us = 0;
  bool scheduler_lost = false;  // since it was known
  bool copies_welcome = false;  // the scheduler knows what to do with them
  std::string last_failure;     // why the scheduler cannot be reached

  std::vector<TaskId> doubted;  // some that were open at `doubted_since`
  TimePoint doubted_since;
  Duration doubt_after;
  std::size_t doubt_bucket = 0;  // of `tasks`, where the last look ended

  // object storage
  std::optional<Address> store_address;
  bool store_connected = false;
  std::string store_failure;                      // why it cannot be reached
  std::optional<TimePoint> store_deadline;        // to be connected
  std::optional<TimePoint> store_proof_deadline;  // to acknowledge its first object
  unsigned store_refusals = 0;  // connections in a row that ended before anything was taken
  std::optional<TimePoint> shutdown_deadline;

  std::unordered_map<TaskId, Task> tasks;
  std::unordered_map<std::uint64_t, Graph> graphs;
  KeptObjects kept;
  std::unordered_map<ObjectId, TaskId> fetches;              // by result
  std::unordered_map<ObjectId, std::uint64_t> fetch_limits;  // of lazy ones: bytes asked for
  std::unordered_map<ObjectId, Bytes> unstored;
  std::uint64_t unstored_bytes = 0;
  std::unordered_set<ObjectId> released_unstored;  // told to the scheduler when the store has them

  // said at the end of the turn
  wire::ObjectInstruction creates;
  std::vector<wire::Message> after_creates;
  std::vector<ObjectId> releases;
  std::optional<TimePoint> release_at;
  TimePoint release_by;
  bool release_urgent = false;

  Counters counters;
};

}  // namespace scaler::client
