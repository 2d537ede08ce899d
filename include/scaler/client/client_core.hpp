#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scaler/base/address.hpp"
#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/base/time.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::client {

struct Options {
  std::string identity;           // "Client|<32 hex>": also the connection's identity
  std::string scheduler_address;  // as the user wrote it, for error texts
  Duration heartbeat_interval = 2s;
  Duration timeout = 60s;                 // without an echo the client gives up
  std::optional<Address> object_storage;  // else learned from the first echo
  Bytes serializer;                       // pickled; stored before anything else
  // A result is fetched as soon as it is announced, up to so many bytes; a larger one when it is
  // asked for.
  std::uint64_t prefetch_bytes = 64 << 10;
  // Objects up to this size travel with tasks and results too, if the scheduler knows how; 0: none.
  std::uint32_t copy_bytes_max = wire::copy_bytes_max;
  Duration store_patience = 3s;       // a lost object storage may come back within this
  Duration farewell_patience = 1s;    // for the last words before the connection closes
  Duration release_interval = 500ms;  // objects nobody needs are released together, this often
  std::size_t release_batch = 1000;   // or as soon as there are so many
  // While tasks are open, small objects wait longer: some releases of the peer's worker do not bear
  // a release between a processor's death and their noticing it.
  Duration release_interval_busy = 5s;
  // A task that has not ended for so long is asked about (AskWhy), then after twice as long again.
  Duration doubt_after = 10s;
};

// Whoever waits for a task, as the owner of the core knows it. Never looked into here.
using Token = std::uint64_t;

// ---- what the user's side asks, in order ----

struct NewObject {
  ObjectId id;
  Bytes name;  // UTF-8; may be empty
  Bytes payload;
};
struct TaskArgument {
  ObjectId id;
  bool own = false;    // made for this task alone: released when it is over
  bool large = false;  // and then soon
};
struct NewTask {
  TaskId id;
  Token token = 0;
  std::vector<TaskArgument> arguments;
};
enum class Fetch : std::uint8_t {
  eager,  // somebody waits for the value: whole, at once
  lazy,   // small ones at once, large ones when asked for (FetchResult)
};
// Tasks of one function, which was uploaded before and may be released at once: it stays until
// the last of its tasks is over. Each token gets one Finished, Canceled or Lost.
struct Submit {
  ObjectId function;
  std::vector<NewObject> objects;
  std::vector<NewTask> tasks;
  wire::TaskFlags flags;
  wire::Capabilities capabilities;
  Fetch fetch = Fetch::lazy;
};
struct GraphNode {
  TaskId id;  // begins with the eight bytes that the graph's id begins with, and so do no others
  ObjectId function;
  std::vector<wire::Argument> arguments;
};
struct GraphTarget {
  TaskId node;
  Token token = 0;
};
// A graph: acyclic, and every task argument is one of its nodes. Its objects live as long as it.
struct SubmitGraph {
  TaskId id;
  std::vector<NewObject> objects;
  std::vector<GraphNode> nodes;
  std::vector<GraphTarget> targets;
  wire::TaskFlags flags;
  wire::Capabilities capabilities;
  Fetch fetch = Fetch::lazy;
};
struct Upload {  // objects that stay until they are released, cleared, or the client leaves
  std::vector<NewObject> objects;
};
struct Release {  // of what was uploaded
  std::vector<ObjectId> objects;
};
struct FetchResult {  // of a task that was Finished without its payload; Arrived or Lost follows
  TaskId task;
  Token token = 0;
};
struct Cancel {  // asks the scheduler; the task's end says how it went. Of a graph's node: the
                 // graph
  TaskId task;
};
struct Abandon {  // nobody waits any more: what runs is cancelled, what is finished is released
  std::vector<TaskId> tasks;
};
struct Clear {};       // cancel everything, release everything but the serializer
struct Disconnect {};  // the same by leaving
struct Shutdown {};    // ask the scheduler to end, and leave
using Request = std::variant<Submit, SubmitGraph, Upload, Release, FetchResult, Cancel, Abandon,
                             Clear, Disconnect, Shutdown>;

// ---- what the user's side is told, in order ----

enum class Reason : std::uint8_t {
  worker_died,
  scheduler_lost,  // no echo for too long, or never one
  storage_lost,
  left,  // the client was disconnected
};
struct Ready {};  // connected to both; the serializer is on its way
struct Finished {
  Token token = 0;
  bool failed = false;  // the payload is a pickled exception
  bool here = false;    // else only announced: FetchResult brings the payload
  std::optional<wire::TaskProfile> profile;
  Bytes payload;
};
struct Arrived {
  Token token = 0;
  Bytes payload;
};
struct Canceled {
  Token token = 0;
};
struct Lost {
  Token token = 0;
  Reason reason = Reason::left;
  std::string text;
};
struct Output {
  bool standard_error = false;
  std::string text;
};
struct Explained {  // why a task of ours has not ended, in the scheduler's words
  std::string text;
  std::size_t open_tasks = 0;
};
struct Cleared {};  // everything before it has been told
struct ShutdownAnswered {
  bool accepted = false;
};
struct Ended {  // the last one
  Reason reason = Reason::left;
  std::string text;
};
using Notice = std::variant<Ready, Finished, Arrived, Canceled, Lost, Output, Explained, Cleared,
                            ShutdownAnswered, Ended>;

// ---- what is to be done for it ----

struct ToScheduler {
  wire::Message message;
};
struct ConnectStore {
  Address address;
};
struct PutObject {
  ObjectId id;
  Bytes payload;
};
struct GetObject {
  ObjectId id;
  std::uint64_t bytes_max = 0;
};
struct RemoveObject {
  ObjectId id;
};
struct AskWhy {  // the scheduler, which is one of ours; what it answers is for on_explanation
  TaskId task;
};
struct HangUp {  // write what was said for at most this long, then end
  Duration patience;
};
using Effect =
    std::variant<ToScheduler, ConnectStore, PutObject, GetObject, RemoveObject, AskWhy, HangUp>;

struct Outbox {
  std::vector<Effect> effects;
  std::vector<Notice> notices;
};

// One client: its connection's state, its tasks, graphs and objects. Pure: the owner carries
// requests, messages and bytes. Nothing waits for an answer that it does not need: objects, the
// tasks that use them, fetches and releases are all on their way at once, and the store holds back
// a get until its object is there. Every failure ends every waiter, with a reason.
class ClientCore {
 public:
  explicit ClientCore(Options options);
  ~ClientCore();

  void start(TimePoint now, Outbox& out);
  void on_request(Request request, TimePoint now, Outbox& out);

  void on_scheduler_connected(TimePoint now, Outbox& out);
  void on_scheduler_lost(std::string_view why, TimePoint now, Outbox& out);
  void on_scheduler_message(wire::Message message, TimePoint now, Outbox& out);
  void on_explanation(std::string text, Outbox& out);

  void on_store_connected(TimePoint now, Outbox& out);
  void on_store_lost(std::string_view why, TimePoint now, Outbox& out);
  void on_object(const ObjectId& id, Bytes payload, TimePoint now, Outbox& out);
  void on_object_stored(const ObjectId& id, TimePoint now, Outbox& out);

  bool heartbeat_due(TimePoint now) const;
  void send_heartbeat(const wire::Resource& resource, TimePoint now, Outbox& out);
  void on_deadline(TimePoint now, Outbox& out);
  std::optional<TimePoint> next_deadline() const;
  // Once at the end of a turn: what was asked within it leaves in as few messages as possible.
  void finish_turn(TimePoint now, Outbox& out);

  bool ended() const;
  std::uint64_t unstored_bytes() const;  // handed to the store and not yet acknowledged
  std::size_t unstored_objects() const;
  void check_invariants() const;  // O(everything); tests

  struct Counters {
    std::uint64_t unexpected_messages = 0;  // kinds that are not for a client
    std::uint64_t stray_answers = 0;        // about tasks and objects that nobody waits for
  };
  const Counters& counters() const;
  std::size_t open_tasks() const;
  std::size_t live_objects() const;  // those that the scheduler still keeps for us

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::client
