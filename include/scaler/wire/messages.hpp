#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"

// Every message between client, worker, worker manager, monitor and scheduler, as plain structs.
// One serialized Cap'n Proto `Message` (protocol/message.capnp) is one of these. Names follow the
// schema. `Bytes` members of a decoded message are slices of the frame it came in. Identities are
// the text by which a peer calls itself ("Client|<32 hex>"), 1 to 255 bytes.
namespace scaler::wire {

enum class TaskState : std::uint8_t {
  inactive,
  running,
  canceling,
  balance_canceling,
  success,
  failed,
  failed_worker_died,
  canceled,
  canceled_not_found,
  balance_canceled,
  worker_disconnecting
};
enum class TaskResultType : std::uint16_t { success, failed, failed_worker_died };
enum class CancelConfirmType : std::uint16_t { canceled, cancel_failed, cancel_not_found };
enum class LogType : std::uint16_t { standard_output, standard_error };
enum class ObjectInstructionType : std::uint16_t {
  create,
  remove,
  clear
};  // remove: "delete" in the schema
enum class ObjectContentType : std::uint16_t { serializer, object };
enum class DisconnectType : std::uint16_t { disconnect, shutdown };
enum class WorkerState : std::uint16_t { connected, disconnected };
enum class NodeTaskType : std::uint16_t { normal, target };
enum class ManagerCommandType : std::uint16_t {
  start_workers,
  shutdown_workers,
  set_desired_task_concurrency
};
enum class ManagerResponseStatus : std::uint16_t {
  too_many_workers,
  unknown_action,
  worker_not_found,
  success
};

struct Capability {
  std::string name;
  std::int64_t value = -1;  // -1: "has it", no quantity. Carried, never compared
  friend bool operator==(const Capability&, const Capability&) = default;
};
using Capabilities = std::vector<Capability>;

struct Resource {
  std::uint16_t cpu_permille = 0;  // of one core, since the last report
  std::uint64_t rss_bytes = 0;
  friend bool operator==(const Resource&, const Resource&) = default;
};

// ---- copies of small objects, between our own (protocol/carried.capnp) ----

// Travels beside a message for whoever can use it. The object storage has, or is about to get,
// every object as well: a copy only saves asking for it, and may be missing at any time.
struct Carried {
  // Of a task, a graph: results up to this size are wanted with their TaskResult; 0: none. In a
  // client's heartbeat and its echo: not 0 says "I use copies".
  std::uint32_t result_bytes_max = 0;
  // Of a task: its function, then its arguments, in their order; of a result: its results. Where
  // there is no copy, the bytes are empty; at the end they may be left out.
  std::vector<Bytes> copies{};
  // Of a task: the id that its result is wanted to have. What takes the result can name it then
  // before it is there. A failure gets another id, and so does the result of whoever does not know
  // of this.
  std::optional<ObjectId> result_id{};
  bool empty() const { return result_bytes_max == 0 && copies.empty() && !result_id; }
  friend bool operator==(const Carried&, const Carried&) = default;
};
constexpr std::uint32_t copy_bytes_max = 16 << 10;  // a larger object is never carried

// ---- tasks ----

// An argument is an object, or (only inside a graph) the result of another node.
using Argument = std::variant<TaskId, ObjectId>;

struct Task {
  TaskId id;
  Bytes source;    // identity of the client that owns the result
  Bytes metadata;  // TaskFlags, 6 bytes, or empty; opaque to everybody but the worker
                   // (decode_task_flags)
  ObjectId function;
  std::vector<Argument> arguments;
  Capabilities capabilities;
  Carried carried{};  // not inside a GraphTask
  friend bool operator==(const Task&, const Task&) = default;
};
struct TaskCancel {
  TaskId id;
  bool force = false;  // kill it even if it runs
  friend bool operator==(const TaskCancel&, const TaskCancel&) = default;
};
struct TaskCancelConfirm {
  TaskId id;
  CancelConfirmType type = CancelConfirmType::canceled;
  friend bool operator==(const TaskCancelConfirm&, const TaskCancelConfirm&) = default;
};
struct TaskResult {
  TaskId id;
  TaskResultType type = TaskResultType::success;
  Bytes metadata;                 // TaskProfile, 16 bytes, or empty
  std::vector<ObjectId> results;  // one; none for a graph's umbrella and for failed_worker_died
  Carried carried{};
  friend bool operator==(const TaskResult&, const TaskResult&) = default;
};
struct TaskLog {
  TaskId id;
  LogType type = LogType::standard_output;
  std::string content;  // UTF-8, printed as it is, without a newline added
  friend bool operator==(const TaskLog&, const TaskLog&) = default;
};
struct GraphTask {
  TaskId id;  // the umbrella
  Bytes source;
  std::vector<TaskId> targets;
  std::vector<Task> nodes;  // any order
  Carried carried{};        // without copies
  friend bool operator==(const GraphTask&, const GraphTask&) = default;
};

// ---- clients and workers ----

struct ObjectStorageAddress {
  std::string host;
  std::uint16_t port = 0;
  std::string scheme = "tcp";  // peers from 2.2 on fail on an empty one: always say it
  friend bool operator==(const ObjectStorageAddress&, const ObjectStorageAddress&) = default;
};
struct ClientHeartbeat {
  Resource resource;
  std::uint32_t latency_us = 0;
  Carried carried{};
  friend bool operator==(const ClientHeartbeat&, const ClientHeartbeat&) = default;
};
struct ClientHeartbeatEcho {
  ObjectStorageAddress object_storage;
  Carried carried{};
  friend bool operator==(const ClientHeartbeatEcho&, const ClientHeartbeatEcho&) = default;
};
struct ProcessorStatus {
  std::uint32_t pid = 0;
  bool initialized = false;
  bool has_task = false;
  bool suspended = false;
  Resource resource;
  friend bool operator==(const ProcessorStatus&, const ProcessorStatus&) = default;
};
struct WorkerHeartbeat {
  Resource agent;
  std::uint64_t rss_free_bytes = 0;  // available memory of the worker's host
  std::uint32_t queue_size =
      0;  // tasks it takes at most; the scheduler reads it at the first heartbeat only
  std::uint32_t queued_tasks = 0;  // not started
  std::uint32_t latency_us = 0;
  bool task_lock = false;
  std::vector<ProcessorStatus> processors;
  Capabilities capabilities;
  Bytes manager_id;  // "wm1"; empty before 2.0
  friend bool operator==(const WorkerHeartbeat&, const WorkerHeartbeat&) = default;
};
struct WorkerHeartbeatEcho {
  ObjectStorageAddress object_storage;
  friend bool operator==(const WorkerHeartbeatEcho&, const WorkerHeartbeatEcho&) = default;
};
struct DisconnectRequest {
  Bytes worker;
  friend bool operator==(const DisconnectRequest&, const DisconnectRequest&) = default;
};
struct DisconnectResponse {
  Bytes worker;
  friend bool operator==(const DisconnectResponse&, const DisconnectResponse&) = default;
};
struct ClientDisconnect {
  DisconnectType type = DisconnectType::disconnect;
  friend bool operator==(const ClientDisconnect&, const ClientDisconnect&) = default;
};
struct ClientShutdownResponse {
  bool accepted = false;
  friend bool operator==(const ClientShutdownResponse&, const ClientShutdownResponse&) = default;
};
struct ProcessorInitialized {
  friend bool operator==(const ProcessorInitialized&, const ProcessorInitialized&) = default;
};
struct InformationRequest {
  Bytes request;
  friend bool operator==(const InformationRequest&, const InformationRequest&) = default;
};
struct InformationResponse {
  Bytes response;
  friend bool operator==(const InformationResponse&, const InformationResponse&) = default;
};

// ---- objects ----

struct ObjectInstruction {
  ObjectInstructionType type = ObjectInstructionType::create;
  Bytes user;  // identity of the owning client; empty in deletes sent to workers
  std::vector<ObjectId> ids;
  std::vector<ObjectContentType> types;  // parallel to ids in a create, else empty
  std::vector<Bytes> names;              // UTF-8; parallel to ids in a create, else empty
  friend bool operator==(const ObjectInstruction&, const ObjectInstruction&) = default;
};

// ---- worker managers ----

// The two command layouts share pointer 0, so a message means different things to different
// releases. The heartbeat does not tell the release; the scheduler must find it out (spec: a
// manager's identity, or a probe).
enum class ManagerDialect : std::uint8_t { v2_0, v2_2, v2_6 };

struct DesiredTaskConcurrency {
  std::uint32_t task_concurrency = 0;
  Capabilities capabilities;
  friend bool operator==(const DesiredTaskConcurrency&, const DesiredTaskConcurrency&) = default;
};
struct WorkerManagerHeartbeat {
  std::uint32_t max_task_concurrency = 0;  // 2^32 - 1: unlimited
  Capabilities capabilities;
  Bytes manager_id;
  friend bool operator==(const WorkerManagerHeartbeat&, const WorkerManagerHeartbeat&) = default;
};
struct WorkerManagerHeartbeatEcho {
  friend bool operator==(const WorkerManagerHeartbeatEcho&,
                         const WorkerManagerHeartbeatEcho&) = default;
};
// A command in dialect v2_0 with `desired` set is a question that every release survives and that
// tells which layout a manager reads: give it shutdown_workers, no worker_ids, and one desired
// concurrency, without capabilities, of as many workers as the manager has now. Up to 2.2 it reads
// one empty id and answers worker_not_found; 2.6 reads a wish for what it has, and is silent.
struct WorkerManagerCommand {
  ManagerDialect dialect =
      ManagerDialect::v2_0;  // the layout to write; a decoded one says how it was read
  ManagerCommandType type = ManagerCommandType::start_workers;  // not in v2_6
  std::vector<Bytes> worker_ids;                                // not in v2_6
  Capabilities capabilities;                                    // not in v2_6
  std::vector<DesiredTaskConcurrency> desired;                  // v2_2 and v2_6
  friend bool operator==(const WorkerManagerCommand&, const WorkerManagerCommand&) = default;
};
struct WorkerManagerCommandResponse {
  ManagerCommandType type = ManagerCommandType::start_workers;
  ManagerResponseStatus status = ManagerResponseStatus::success;
  std::vector<Bytes> worker_ids;
  Capabilities capabilities;
  friend bool operator==(const WorkerManagerCommandResponse&,
                         const WorkerManagerCommandResponse&) = default;
};

// ---- monitor ----

struct StateClient {
  friend bool operator==(const StateClient&, const StateClient&) = default;
};
struct StateObject {
  friend bool operator==(const StateObject&, const StateObject&) = default;
};
struct StateBalanceAdvice {
  Bytes worker;
  std::vector<TaskId> tasks;
  friend bool operator==(const StateBalanceAdvice&, const StateBalanceAdvice&) = default;
};
struct StateWorker {
  Bytes worker;
  WorkerState state = WorkerState::connected;
  Capabilities capabilities;
  friend bool operator==(const StateWorker&, const StateWorker&) = default;
};
struct StateTask {
  TaskId id;
  Bytes function_name;
  TaskState state = TaskState::inactive;
  Bytes worker;
  Capabilities capabilities;
  Bytes metadata;
  friend bool operator==(const StateTask&, const StateTask&) = default;
};
struct StateGraphTask {
  TaskId graph;
  TaskId task;
  NodeTaskType type = NodeTaskType::normal;
  std::vector<TaskId> parents;
  friend bool operator==(const StateGraphTask&, const StateGraphTask&) = default;
};
struct StateScheduler {
  struct MessageCount {
    std::string kind;  // "ClientHeartbeat"
    std::uint32_t number = 0;
    friend bool operator==(const MessageCount&, const MessageCount&) = default;
  };
  struct ClientTasks {
    Bytes client;
    std::uint32_t tasks = 0;
    friend bool operator==(const ClientTasks&, const ClientTasks&) = default;
  };
  struct StateCount {
    TaskState state = TaskState::inactive;
    std::uint32_t count = 0;
    friend bool operator==(const StateCount&, const StateCount&) = default;
  };
  struct WorkerStatus {
    Bytes worker;
    Resource agent;
    std::uint64_t rss_free_bytes = 0;
    std::uint32_t free = 0;    // queue places left
    std::uint32_t sent = 0;    // tasks assigned and not finished
    std::uint32_t queued = 0;  // as the worker last said
    std::uint8_t suspended = 0;
    std::uint64_t lag_us = 0;
    std::uint8_t last_seconds = 0;
    std::string itl;  // three characters 0 or 1
    std::vector<ProcessorStatus> processors;
    friend bool operator==(const WorkerStatus&, const WorkerStatus&) = default;
  };
  struct ManagedWorkers {
    Bytes manager_id;
    std::vector<Bytes> workers;
    friend bool operator==(const ManagedWorkers&, const ManagedWorkers&) = default;
  };
  struct ManagerDetail {
    Bytes manager_id;
    std::string identity;
    std::uint8_t last_seen_seconds = 0;
    std::uint32_t max_task_concurrency = 0;
    std::string capabilities;  // names, sorted, one space between
    std::uint32_t pending_workers = 0;
    friend bool operator==(const ManagerDetail&, const ManagerDetail&) = default;
  };
  std::vector<MessageCount> received;
  std::vector<MessageCount> sent;
  Resource scheduler;
  std::uint64_t rss_free_bytes = 0;
  std::vector<ClientTasks> clients;
  std::uint32_t objects = 0;
  std::vector<StateCount> tasks;
  std::vector<WorkerStatus> workers;
  std::vector<ManagedWorkers> managed_workers;
  std::vector<ManagerDetail> managers;
  friend bool operator==(const StateScheduler&, const StateScheduler&) = default;
};

// In the order of the schema's union.
using Message =
    std::variant<Task, TaskCancel, TaskCancelConfirm, TaskResult, TaskLog, GraphTask,
                 ObjectInstruction, ClientHeartbeat, ClientHeartbeatEcho, WorkerHeartbeat,
                 WorkerHeartbeatEcho, DisconnectRequest, DisconnectResponse, StateClient,
                 StateObject, StateBalanceAdvice, StateScheduler, StateWorker, StateTask,
                 StateGraphTask, ClientDisconnect, ClientShutdownResponse, ProcessorInitialized,
                 InformationRequest, InformationResponse, WorkerManagerHeartbeat,
                 WorkerManagerHeartbeatEcho, WorkerManagerCommand, WorkerManagerCommandResponse>;

// "TaskResult", "WorkerHeartbeatEcho": the name by which the monitor stream counts a message.
const char* kind_name(const Message& message);
const char* kind_name(std::size_t variant_index);

// ---- what is packed inside metadata fields ----

// Task::metadata: bool profiling, int32 BE priority, bool stream_output; empty means the defaults.
struct TaskFlags {
  bool profiling = true;
  std::int32_t priority = 0;  // 0 outside a task, parent's + 1 inside; never negative
  bool stream_output = false;
  friend bool operator==(const TaskFlags&, const TaskFlags&) = default;
};
std::optional<TaskFlags> decode_task_flags(
    ByteView metadata);  // nothing: neither 0 nor 6 bytes, or negative priority
Bytes encode_task_flags(const TaskFlags& flags);

// TaskResult::metadata: float32 BE seconds, uint64 BE bytes, float32 BE seconds.
struct TaskProfile {
  float duration_seconds = 0;
  std::uint64_t memory_peak_bytes = 0;
  float cpu_seconds = 0;
  friend bool operator==(const TaskProfile&, const TaskProfile&) = default;
};
std::optional<TaskProfile> decode_task_profile(ByteView metadata);
Bytes encode_task_profile(const TaskProfile& profile);

}  // namespace scaler::wire
