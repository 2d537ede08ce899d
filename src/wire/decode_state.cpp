#include "wire/decode.hpp"

namespace scaler::wire {
namespace {

std::vector<StateScheduler::MessageCount> read_counts(
    Decoder& in, capnp::List<protocol::BinderStatus::Pair>::Reader from) {
  return in.list(from, "binder", [](auto pair) {
    return StateScheduler::MessageCount{.kind = Decoder::text(pair.getClient()),
                                        .number = pair.getNumber()};
  });
}

std::vector<StateScheduler::ClientTasks> read_clients(Decoder& in,
                                                      protocol::ClientManagerStatus::Reader from) {
  return in.list(from.getClientToNumOfTask(), "clientManager", [&](auto pair) {
    return StateScheduler::ClientTasks{.client = in.bytes(pair.getClient()),
                                       .tasks = pair.getNumTask()};
  });
}

std::vector<StateScheduler::StateCount> read_tasks(Decoder& in,
                                                   protocol::TaskManagerStatus::Reader from) {
  return in.list(from.getStateToCount(), "taskManager", [&](auto pair) {
    return StateScheduler::StateCount{
        .state = in.enumerator(pair.getState(), TaskState::worker_disconnecting, "taskManager"),
        .count = pair.getCount()};
  });
}

StateScheduler::WorkerStatus read_worker(Decoder& in, protocol::WorkerStatus::Reader from) {
  return {.worker = in.bytes(from.getWorkerId()),
          .agent = read(in, from.getAgent()),
          .rss_free_bytes = from.getRssFree(),
          .free = from.getFree(),
          .sent = from.getSent(),
          .queued = from.getQueued(),
          .suspended = from.getSuspended(),
          .lag_us = from.getLagUS(),
          .last_seconds = from.getLastS(),
          .itl = Decoder::text(from.getItl()),
          .processors = read(in, from.getProcessorStatuses())};
}

StateScheduler::ManagedWorkers read_managed(Decoder& in,
                                            protocol::ScalingManagerStatus::Pair::Reader from) {
  return {.manager_id = in.bytes(from.getWorkerManagerID()),
          .workers = in.blobs(from.getWorkerIDs(), "scalingManager")};
}

StateScheduler::ManagerDetail read_detail(Decoder& in, protocol::WorkerManagerDetail::Reader from) {
  return {.manager_id = in.bytes(from.getWorkerManagerID()),
          .identity = Decoder::text(from.getIdentity()),
          .last_seen_seconds = from.getLastSeenS(),
          .max_task_concurrency = from.getMaxTaskConcurrency(),
          .capabilities = Decoder::text(from.getCapabilities()),
          .pending_workers = from.getPendingWorkers()};
}

}  // namespace

StateBalanceAdvice read(Decoder& in, protocol::StateBalanceAdvice::Reader from) {
  return {.worker = in.bytes(from.getWorkerId()),
          .tasks = in.ids<TaskId>(from.getTaskIds(), "taskIds")};
}

StateScheduler read(Decoder& in, protocol::StateScheduler::Reader from) {
  const protocol::BinderStatus::Reader binder = from.getBinder();
  const protocol::ScalingManagerStatus::Reader scaling = from.getScalingManager();
  return {.received = read_counts(in, binder.getReceived()),
          .sent = read_counts(in, binder.getSent()),
          .scheduler = read(in, from.getScheduler()),
          .rss_free_bytes = from.getRssFree(),
          .clients = read_clients(in, from.getClientManager()),
          .objects = from.getObjectManager().getNumberOfObjects(),
          .tasks = read_tasks(in, from.getTaskManager()),
          .workers = in.list(from.getWorkerManager().getWorkers(), "workerManager",
                             [&](auto worker) { return read_worker(in, worker); }),
          .managed_workers = in.list(scaling.getManagedWorkers(), "scalingManager",
                                     [&](auto pair) { return read_managed(in, pair); }),
          .managers = in.list(scaling.getWorkerManagerDetails(), "scalingManager",
                              [&](auto detail) { return read_detail(in, detail); })};
}

StateWorker read(Decoder& in, protocol::StateWorker::Reader from) {
  return {.worker = in.bytes(from.getWorkerId()),
          .state = in.enumerator(from.getState(), WorkerState::disconnected, "state"),
          .capabilities = read(in, from.getCapabilities())};
}

StateTask read(Decoder& in, protocol::StateTask::Reader from) {
  return {.id = in.id<TaskId>(from.getTaskId(), "taskId"),
          .function_name = in.bytes(from.getFunctionName()),
          .state = in.enumerator(from.getState(), TaskState::worker_disconnecting, "state"),
          .worker = in.bytes(from.getWorker()),
          .capabilities = read(in, from.getCapabilities()),
          .metadata = in.bytes(from.getMetadata())};
}

StateGraphTask read(Decoder& in, protocol::StateGraphTask::Reader from) {
  return {.graph = in.id<TaskId>(from.getGraphTaskId(), "graphTaskId"),
          .task = in.id<TaskId>(from.getTaskId(), "taskId"),
          .type = in.enumerator(from.getNodeTaskType(), NodeTaskType::target, "nodeTaskType"),
          .parents = in.ids<TaskId>(from.getParentTaskIds(), "parentTaskIds")};
}

}  // namespace scaler::wire
