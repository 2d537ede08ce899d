#include "wire/samples.hpp"

namespace scaler::wire {
namespace {

const Capabilities two_capabilities = {{"gpu", 4}, {"a name of more than eight bytes", -1}};
const Resource some_resource{.cpu_permille = 987, .rss_bytes = 0x0102030405060708U};
const ObjectStorageAddress some_address{.host = "192.0.2.1", .port = 65535, .scheme = "wss"};

Bytes blob(const std::string& text) { return Bytes::copy_of(text); }

std::vector<ProcessorStatus> two_processors() {
  return {{.pid = 4711, .initialized = true, .has_task = true, .resource = some_resource},
          {.pid = 0xffffffffU, .suspended = true, .resource = {.cpu_permille = 1, .rss_bytes = 2}}};
}

StateScheduler full_state() {
  StateScheduler state;
  state.received = {{"ClientHeartbeat", 1}, {"TaskResult", 0xffffffffU}};
  state.sent = {{"Task", 3}};
  state.scheduler = some_resource;
  state.rss_free_bytes = ~std::uint64_t{0};
  state.clients = {{blob("Client|a"), 5}, {blob("Client|b"), 6}};
  state.objects = 77;
  state.tasks = {{TaskState::running, 8}, {TaskState::worker_disconnecting, 9}};
  state.workers = {{.worker = blob("Worker|a"),
                    .agent = some_resource,
                    .rss_free_bytes = 10,
                    .free = 11,
                    .sent = 12,
                    .queued = 13,
                    .suspended = 255,
                    .lag_us = 14,
                    .last_seconds = 15,
                    .itl = "101",
                    .processors = two_processors()},
                   {.worker = blob("Worker|b"), .agent = {}, .itl = "000", .processors = {}}};
  state.managed_workers = {{blob("wm1"), {blob("Worker|a"), blob("Worker|b")}}, {blob("wm2"), {}}};
  state.managers = {{.manager_id = blob("wm1"),
                     .identity = "1|manager|x",
                     .last_seen_seconds = 16,
                     .max_task_concurrency = 17,
                     .capabilities = "gpu linux",
                     .pending_workers = 18}};
  return state;
}

WorkerManagerCommand command(ManagerDialect dialect) {
  WorkerManagerCommand command;
  command.dialect = dialect;
  if (dialect == ManagerDialect::v2_6) {
    command.type = ManagerCommandType::set_desired_task_concurrency;
  } else {
    command.type = dialect == ManagerDialect::v2_0
                       ? ManagerCommandType::shutdown_workers
                       : ManagerCommandType::set_desired_task_concurrency;
    command.worker_ids = {blob("Worker|a"), blob("Worker|b")};
    command.capabilities = two_capabilities;
  }
  if (dialect != ManagerDialect::v2_0) command.desired = {{19, two_capabilities}, {20, {}}};
  return command;
}

template <std::size_t... Index>
std::vector<Message> one_of_each(std::index_sequence<Index...>) {
  return {Message(std::in_place_index<Index>)...};
}

}  // namespace

Task full_task() {
  return {.id = id_from<TaskId>(1),
          .source = blob("Client|0123"),
          .metadata = encode_task_flags({.profiling = true, .priority = 3, .stream_output = true}),
          .function = id_from<ObjectId>(2),
          .arguments = {id_from<ObjectId>(3), id_from<TaskId>(4)},
          .capabilities = two_capabilities};
}

std::vector<Message> carrying_samples() {
  Task task = full_task();
  task.carried = {100, {blob("function"), {}, blob("argument")}};
  Task wanting = full_task();
  wanting.carried.result_bytes_max = copy_bytes_max;
  Task named = full_task();
  named.carried.result_id = id_from<ObjectId>(6);
  TaskResult result;
  result.results = {id_from<ObjectId>(5)};
  result.carried.copies = {Bytes::copy_of(std::string(copy_bytes_max, 'r'))};
  GraphTask graph;
  graph.nodes = {full_task()};
  graph.carried.result_bytes_max = 7;
  ClientHeartbeat heartbeat{some_resource, 21};
  heartbeat.carried.result_bytes_max = 1;
  ClientHeartbeatEcho echo{some_address};
  echo.carried.result_bytes_max = copy_bytes_max;
  return {task, wanting, named, result, graph, heartbeat, echo};
}

std::vector<Message> full_samples() {
  const TaskId task = id_from<TaskId>(100);
  const std::vector<TaskId> tasks = {id_from<TaskId>(50), id_from<TaskId>(51)};
  std::vector<Message> samples;
  samples.emplace_back(full_task());
  samples.emplace_back(TaskCancel{.id = task, .force = true});
  samples.emplace_back(TaskCancelConfirm{.id = task, .type = CancelConfirmType::cancel_not_found});
  samples.emplace_back(TaskResult{.id = task,
                                  .type = TaskResultType::failed_worker_died,
                                  .metadata = encode_task_profile({1.5F, 2, 0.25F}),
                                  .results = {id_from<ObjectId>(5), id_from<ObjectId>(6)}});
  samples.emplace_back(
      TaskLog{.id = task, .type = LogType::standard_error, .content = "caf\xc3\xa9 12345\n"});
  samples.emplace_back(GraphTask{.id = task,
                                 .source = blob("Client|0123"),
                                 .targets = tasks,
                                 .nodes = {full_task(), full_task()}});
  samples.emplace_back(
      ObjectInstruction{.type = ObjectInstructionType::create,
                        .user = blob("Client|0123"),
                        .ids = {id_from<ObjectId>(7), id_from<ObjectId>(8)},
                        .types = {ObjectContentType::serializer, ObjectContentType::object},
                        .names = {blob("serializer"), blob("")}});
  samples.emplace_back(ClientHeartbeat{.resource = some_resource, .latency_us = 21});
  samples.emplace_back(ClientHeartbeatEcho{.object_storage = some_address});
  samples.emplace_back(WorkerHeartbeat{.agent = some_resource,
                                       .rss_free_bytes = 22,
                                       .queue_size = 23,
                                       .queued_tasks = 24,
                                       .latency_us = 25,
                                       .task_lock = true,
                                       .processors = two_processors(),
                                       .capabilities = two_capabilities,
                                       .manager_id = blob("wm1")});
  samples.emplace_back(WorkerHeartbeatEcho{.object_storage = some_address});
  samples.emplace_back(DisconnectRequest{.worker = blob("Worker|a")});
  samples.emplace_back(DisconnectResponse{.worker = blob("Worker|b")});
  samples.emplace_back(StateClient{});
  samples.emplace_back(StateObject{});
  samples.emplace_back(StateBalanceAdvice{.worker = blob("Worker|a"), .tasks = tasks});
  samples.emplace_back(full_state());
  samples.emplace_back(StateWorker{.worker = blob("Worker|a"),
                                   .state = WorkerState::disconnected,
                                   .capabilities = two_capabilities});
  samples.emplace_back(StateTask{.id = task,
                                 .function_name = blob("square"),
                                 .state = TaskState::worker_disconnecting,
                                 .worker = blob("Worker|a"),
                                 .capabilities = two_capabilities,
                                 .metadata = blob("0123456789abcdef")});
  samples.emplace_back(StateGraphTask{
      .graph = task, .task = id_from<TaskId>(9), .type = NodeTaskType::target, .parents = tasks});
  samples.emplace_back(ClientDisconnect{.type = DisconnectType::shutdown});
  samples.emplace_back(ClientShutdownResponse{.accepted = true});
  samples.emplace_back(ProcessorInitialized{});
  samples.emplace_back(InformationRequest{.request = blob("what?")});
  samples.emplace_back(InformationResponse{.response = blob("that.")});
  samples.emplace_back(WorkerManagerHeartbeat{.max_task_concurrency = 0xffffffffU,
                                              .capabilities = two_capabilities,
                                              .manager_id = blob("wm1")});
  samples.emplace_back(WorkerManagerHeartbeatEcho{});
  samples.emplace_back(command(ManagerDialect::v2_0));
  samples.emplace_back(command(ManagerDialect::v2_2));
  samples.emplace_back(command(ManagerDialect::v2_6));
  samples.emplace_back(WorkerManagerCommandResponse{.type = ManagerCommandType::shutdown_workers,
                                                    .status = ManagerResponseStatus::success,
                                                    .worker_ids = {blob("Worker|a")},
                                                    .capabilities = two_capabilities});
  return samples;
}

std::vector<Message> default_samples() {
  return one_of_each(std::make_index_sequence<std::variant_size_v<Message>>());
}

ManagerDialect dialect_of(const Message& message) {
  const auto* command = std::get_if<WorkerManagerCommand>(&message);
  return command == nullptr ? ManagerDialect::v2_0 : command->dialect;
}

}  // namespace scaler::wire
