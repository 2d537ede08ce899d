#include "wire/sizes.hpp"

#include <string_view>

#include "protocol/carried.capnp.h"
#include "protocol/message.capnp.h"
#include "wire/carried.hpp"

namespace scaler::wire {
namespace {

template <class Struct>
constexpr std::size_t struct_words = capnp::sizeInWords<Struct>();

// ---- pieces ----

std::size_t blob(std::size_t bytes) { return (bytes + 7) / 8; }
std::size_t of(const Bytes& bytes) { return blob(bytes.size()); }
std::size_t of(std::string_view text) { return blob(text.size() + 1); }  // a NUL ends it
template <class Tag, std::size_t Size>
std::size_t of(const FixedId<Tag, Size>&) {
  return blob(Size);
}

// A list of pointers: one word each, and what they point to.
template <class Blob>
std::size_t of(const std::vector<Blob>& list) {
  std::size_t words = list.size();
  for (const Blob& blob : list) words += of(blob);
  return words;
}

// A list of structs: a tag word, the structs, and what `beyond(element)` says they point to.
template <class Struct, class T, class Beyond>
std::size_t structs(const std::vector<T>& list, Beyond beyond) {
  std::size_t words = 1 + list.size() * struct_words<Struct>;
  for (const T& element : list) words += beyond(element);
  return words;
}

std::size_t of(const Capabilities& capabilities) {
  return structs<protocol::TaskCapability>(capabilities,
                                           [](const Capability& c) { return of(c.name); });
}

std::size_t of(const std::vector<ProcessorStatus>& processors) {
  return structs<protocol::ProcessorStatus>(
      processors, [](const ProcessorStatus&) { return struct_words<protocol::Resource>; });
}

std::size_t of(const std::vector<DesiredTaskConcurrency>& desired) {
  return structs<protocol::DesiredTaskConcurrencyRequest>(
      desired, [](const DesiredTaskConcurrency& request) { return of(request.capabilities); });
}

std::size_t of(const ObjectStorageAddress& address) {
  return struct_words<protocol::ObjectStorageAddress> + of(address.host) + of(address.scheme);
}

// ---- what a struct points to, itself not counted ----

std::size_t beyond(const Task& task) {
  const auto of_argument = [](const Argument& argument) {
    return std::visit([](const auto& id) { return of(id); }, argument);
  };
  return of(task.id) + of(task.source) + of(task.metadata) + of(task.function) +
         structs<protocol::Task::Argument>(task.arguments, of_argument) + of(task.capabilities);
}

std::size_t beyond(const StateScheduler::WorkerStatus& worker) {
  return of(worker.worker) + struct_words<protocol::Resource> + of(worker.itl) +
         of(worker.processors);
}

std::size_t of_counts(const std::vector<StateScheduler::MessageCount>& counts) {
  return structs<protocol::BinderStatus::Pair>(
      counts, [](const StateScheduler::MessageCount& count) { return of(count.kind); });
}

// ---- messages ----

std::size_t of(const Task& task) { return struct_words<protocol::Task> + beyond(task); }
std::size_t of(const TaskCancel& cancel) {
  return struct_words<protocol::TaskCancel> + of(cancel.id) +
         struct_words<protocol::TaskCancel::TaskCancelFlags>;
}
std::size_t of(const TaskCancelConfirm& confirm) {
  return struct_words<protocol::TaskCancelConfirm> + of(confirm.id);
}
std::size_t of(const TaskResult& result) {
  return struct_words<protocol::TaskResult> + of(result.id) + of(result.metadata) +
         of(result.results);
}
std::size_t of(const TaskLog& log) {
  return struct_words<protocol::TaskLog> + of(log.id) + of(log.content);
}
std::size_t of(const GraphTask& graph) {
  return struct_words<protocol::GraphTask> + of(graph.id) + of(graph.source) + of(graph.targets) +
         structs<protocol::Task>(graph.nodes, [](const Task& node) { return beyond(node); });
}
std::size_t of(const ObjectInstruction& instruction) {
  return struct_words<protocol::ObjectInstruction> + struct_words<protocol::ObjectMetadata> +
         of(instruction.user) + of(instruction.ids) + blob(2 * instruction.types.size()) +
         of(instruction.names);
}
std::size_t of(const ClientHeartbeat&) {
  return struct_words<protocol::ClientHeartbeat> + struct_words<protocol::Resource>;
}
std::size_t of(const ClientHeartbeatEcho& echo) {
  return struct_words<protocol::ClientHeartbeatEcho> + of(echo.object_storage);
}
std::size_t of(const WorkerHeartbeat& heartbeat) {
  return struct_words<protocol::WorkerHeartbeat> + struct_words<protocol::Resource> +
         of(heartbeat.processors) + of(heartbeat.capabilities) + of(heartbeat.manager_id);
}
std::size_t of(const WorkerHeartbeatEcho& echo) {
  return struct_words<protocol::WorkerHeartbeatEcho> + of(echo.object_storage);
}
std::size_t of(const DisconnectRequest& request) {
  return struct_words<protocol::DisconnectRequest> + of(request.worker);
}
std::size_t of(const DisconnectResponse& response) {
  return struct_words<protocol::DisconnectResponse> + of(response.worker);
}
std::size_t of(const ClientDisconnect&) { return struct_words<protocol::ClientDisconnect>; }
std::size_t of(const ClientShutdownResponse&) {
  return struct_words<protocol::ClientShutdownResponse>;
}
std::size_t of(const ProcessorInitialized&) { return 0; }
std::size_t of(const InformationRequest& information) {
  return struct_words<protocol::InformationRequest> + of(information.request);
}
std::size_t of(const InformationResponse& information) {
  return struct_words<protocol::InformationResponse> + of(information.response);
}
std::size_t of(const WorkerManagerHeartbeat& heartbeat) {
  return struct_words<protocol::WorkerManagerHeartbeat> + of(heartbeat.capabilities) +
         of(heartbeat.manager_id);
}
std::size_t of(const WorkerManagerHeartbeatEcho&) { return 0; }
std::size_t of(const WorkerManagerCommand& command) {
  if (is_probe(command))
    return 3 + structs<protocol::DesiredTaskConcurrencyRequest>(
                   command.desired, [](const DesiredTaskConcurrency&) { return std::size_t{0}; });
  if (command.dialect == ManagerDialect::v2_6)
    return struct_words<protocol::WorkerManagerWish> + of(command.desired);
  return struct_words<protocol::WorkerManagerCommand> + of(command.worker_ids) +
         of(command.capabilities) + (has_wishes(command) ? of(command.desired) : 0);
}
std::size_t of(const WorkerManagerCommandResponse& response) {
  return struct_words<protocol::WorkerManagerCommandResponse> + of(response.worker_ids) +
         of(response.capabilities);
}
std::size_t of(const StateClient&) { return 0; }
std::size_t of(const StateObject&) { return 0; }
std::size_t of(const StateBalanceAdvice& advice) {
  return struct_words<protocol::StateBalanceAdvice> + of(advice.worker) + of(advice.tasks);
}
std::size_t of(const StateWorker& state) {
  return struct_words<protocol::StateWorker> + of(state.worker) + of(state.capabilities);
}
std::size_t of(const StateTask& state) {
  return struct_words<protocol::StateTask> + of(state.id) + of(state.function_name) +
         of(state.worker) + of(state.capabilities) + of(state.metadata);
}
std::size_t of(const StateGraphTask& state) {
  return struct_words<protocol::StateGraphTask> + of(state.graph) + of(state.task) +
         of(state.parents);
}

std::size_t of(const StateScheduler& state) {
  using State = StateScheduler;
  const std::size_t fixed =
      struct_words<protocol::StateScheduler> + struct_words<protocol::BinderStatus> +
      struct_words<protocol::Resource> + struct_words<protocol::ClientManagerStatus> +
      struct_words<protocol::ObjectManagerStatus> + struct_words<protocol::TaskManagerStatus> +
      struct_words<protocol::WorkerManagerStatus> + struct_words<protocol::ScalingManagerStatus>;
  return fixed + of_counts(state.received) + of_counts(state.sent) +
         structs<protocol::ClientManagerStatus::Pair>(
             state.clients, [](const State::ClientTasks& client) { return of(client.client); }) +
         structs<protocol::TaskManagerStatus::Pair>(
             state.tasks, [](const State::StateCount&) { return std::size_t{0}; }) +
         structs<protocol::WorkerStatus>(
             state.workers, [](const State::WorkerStatus& worker) { return beyond(worker); }) +
         structs<protocol::ScalingManagerStatus::Pair>(state.managed_workers,
                                                       [](const State::ManagedWorkers& managed) {
                                                         return of(managed.manager_id) +
                                                                of(managed.workers);
                                                       }) +
         structs<protocol::WorkerManagerDetail>(
             state.managers, [](const State::ManagerDetail& detail) {
               return of(detail.manager_id) + of(detail.identity) + of(detail.capabilities);
             });
}

std::size_t carried_words(const Carried* carried) {
  if (carried == nullptr) return 0;
  constexpr std::size_t pointer = 1;
  return pointer + struct_words<protocol::Carried> + of(carried->copies) +
         (carried->result_id ? of(*carried->result_id) : 0);
}

}  // namespace

bool is_probe(const WorkerManagerCommand& command) {
  return command.dialect == ManagerDialect::v2_0 && !command.desired.empty();
}

bool has_wishes(const WorkerManagerCommand& command) {
  return command.dialect == ManagerDialect::v2_2 &&
         (command.type == ManagerCommandType::set_desired_task_concurrency ||
          !command.desired.empty());
}

std::size_t words_needed(const Message& message) {
  constexpr std::size_t root_pointer = 1;
  return root_pointer + struct_words<protocol::Message> + carried_words(carried_of(message)) +
         std::visit([](const auto& body) { return of(body); }, message);
}

}  // namespace scaler::wire
