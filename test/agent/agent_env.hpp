#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scaler/agent/worker_agent.hpp"

namespace scaler::agent {

// What a test says about a task; the rest is made up.
struct TaskSpec {
  std::int32_t priority = 0;
  std::string client = "Client|c1";
  std::string function = "f";
  std::vector<std::string> arguments = {};
  std::vector<ObjectId> objects = {};  // arguments too, behind those
  bool stream_output = false;
  std::uint32_t result_bytes_max = 0;  // results up to this are wanted with their TaskResult
  std::vector<Bytes> copies = {};      // of the function, then of the arguments
  std::optional<ObjectId> result_id = {};
};

// An agent between a scheduler, a store and processors that do what a test says, and by default the
// usual at once. The clock moves only by advance(). What crosses a connection passes the real
// codec, and the invariants are checked after every event.
class AgentEnv {
 public:
  struct Setup {
    bool processors_start = true;  // a processor is ready as soon as it is asked for
    bool store_gives = true;       // every object exists
    bool store_acknowledges = true;
    bool scheduler_echoes = true;
    bool connected = true;  // to the scheduler, from the start
  };
  explicit AgentEnv(Setup setup, Options options = some_options());
  AgentEnv() : AgentEnv(Setup{}) {}
  static Options some_options();

  // ---- the scheduler's side ----
  TaskId submit(const TaskSpec& spec = {});
  // A task of Client|c1 that takes one object with this content; empty: what the store gives.
  TaskId submit_taking(const ObjectId& argument, const std::string& content);
  void submit_again(const TaskId& task);
  void cancel(const TaskId& task, bool force);
  void remove_objects(const std::vector<ObjectId>& ids);
  void tell(wire::Message message);  // any message from the scheduler
  void connect();
  void disconnect();
  std::vector<wire::Message> take_said();  // to the scheduler, in order, heartbeats left out
  std::vector<wire::WorkerHeartbeat> take_heartbeats();
  std::optional<wire::CancelConfirmType> take_confirm(const TaskId& task);
  // Create then TaskResult for this task, and nothing else; the stored payload.
  struct Outcome {
    wire::TaskResult result;
    wire::ObjectInstruction create;
    Bytes payload;
  };
  Outcome take_outcome(const TaskId& task);
  void expect_silence();  // nothing more was said to the scheduler

  // ---- the store's side ----
  ObjectId object(const std::string& name) const;  // owned by Client|c1
  void give(const ObjectId& id);                   // answers a get
  void acknowledge_all();
  void hand_over(const ObjectId& id);  // the kernel has it
  const std::vector<ObjectId>& may_hand_over() const { return may_hand_over_; }
  void lose_store();
  void reconnect_store();
  std::vector<ObjectId> take_gets();  // asked since, answered or not
  std::vector<ObjectId> take_sets();
  std::vector<ObjectId> take_removes();

  // ---- the processors' side ----
  struct Fake {
    bool ready = false;
    bool suspended = false;
    bool hard = false;
    bool killed = false;
    std::optional<TaskId> task;
    std::set<ObjectId> objects;
    std::set<std::string> serializers;
  };
  std::optional<TaskId> running() const;  // on a processor that is neither suspended nor killed
  ProcessorId processor_of(const TaskId& task) const;
  std::size_t alive() const;
  std::size_t idle() const;
  Fake& fake(ProcessorId id) { return fakes_.at(id); }
  ProcessorId newest() const { return fakes_.rbegin()->first; }
  std::size_t started() const { return started_; }
  void make_ready(ProcessorId id);
  void say(ProcessorId id, FromProcessor message);
  void finish(const TaskId& task, const std::string& result = "42");
  void raise(const TaskId& task, const std::string& pickled = "exception");
  void end(ProcessorId id, ProcessorEnd how = {0, 9, "signal 9 (Killed)"});
  const std::vector<TaskId>& ended_order() const { return finished_; }

  // ---- the rest ----
  void advance(Duration by);
  TimePoint now() const { return now_; }
  void leave(const std::string& reason);
  const std::optional<Leave>& left() const { return left_; }
  std::vector<Address> take_store_addresses();
  const std::vector<KillProcessor>& kills() const { return kills_; }
  WorkerAgent& agent() { return agent_; }
  Measures measures;

 private:
  void drain();
  void apply(Effect effect);
  void told(ProcessorId id, const ToProcessor& message);
  void hear(const wire::Message& message);
  wire::ObjectInstruction take_announcement(const ObjectId& id, std::size_t before);

  Setup setup_;
  Options options_;
  WorkerAgent agent_;
  TimePoint now_{};
  Outbox out_;
  std::vector<wire::Message> said_;
  std::vector<wire::WorkerHeartbeat> heartbeats_;
  std::map<ProcessorId, Fake> fakes_;
  std::size_t started_ = 0;
  std::map<TaskId, wire::Task> submitted_;
  std::vector<TaskId> finished_;
  std::vector<ObjectId> gets_, sets_, removes_;
  std::map<ObjectId, Bytes> stored_;
  std::map<ObjectId, std::string> contents_;  // of those that are not as payload_of() says
  std::set<ObjectId> unacknowledged_;
  std::vector<ObjectId> may_hand_over_;
  std::vector<Address> store_addresses_;
  std::vector<KillProcessor> kills_;
  std::optional<Leave> left_;
  unsigned next_task_ = 1;
};

// "serializer of Client|c1" and the like: every object's bytes say what they are.
Bytes payload_of(const ObjectId& id);

}  // namespace scaler::agent
