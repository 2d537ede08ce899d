#include "wire/encode.hpp"

namespace scaler::wire {
namespace {

void write(protocol::BinderStatus::Pair::Builder to, const StateScheduler::MessageCount& from) {
  to.setClient(text_of(from.kind));
  to.setNumber(from.number);
}

void write(protocol::ClientManagerStatus::Pair::Builder to,
           const StateScheduler::ClientTasks& from) {
  to.setClient(data_of(from.client));
  to.setNumTask(from.tasks);
}

void write(protocol::TaskManagerStatus::Pair::Builder to, const StateScheduler::StateCount& from) {
  to.setState(static_cast<std::uint8_t>(from.state));
  to.setCount(from.count);
}

void write(protocol::WorkerStatus::Builder to, const StateScheduler::WorkerStatus& from) {
  to.setWorkerId(data_of(from.worker));
  wire::write(to.initAgent(), from.agent);
  to.setRssFree(from.rss_free_bytes);
  to.setFree(from.free);
  to.setSent(from.sent);
  to.setQueued(from.queued);
  to.setSuspended(from.suspended);
  to.setLagUS(from.lag_us);
  to.setLastS(from.last_seconds);
  to.setItl(text_of(from.itl));
  write_each(to.initProcessorStatuses(length(from.processors)), from.processors);
}

void write(protocol::ScalingManagerStatus::Pair::Builder to,
           const StateScheduler::ManagedWorkers& from) {
  to.setWorkerManagerID(data_of(from.manager_id));
  write_blobs(to.initWorkerIDs(length(from.workers)), from.workers);
}

void write(protocol::WorkerManagerDetail::Builder to, const StateScheduler::ManagerDetail& from) {
  to.setWorkerManagerID(data_of(from.manager_id));
  to.setIdentity(text_of(from.identity));
  to.setLastSeenS(from.last_seen_seconds);
  to.setMaxTaskConcurrency(from.max_task_concurrency);
  to.setCapabilities(text_of(from.capabilities));
  to.setPendingWorkers(from.pending_workers);
}

template <class List, class T>
void write_all(List to, const std::vector<T>& from) {
  for (unsigned i = 0; i < to.size(); ++i) write(to[i], from[i]);
}

}  // namespace

void write(protocol::StateBalanceAdvice::Builder to, const StateBalanceAdvice& from) {
  to.setWorkerId(data_of(from.worker));
  write_blobs(to.initTaskIds(length(from.tasks)), from.tasks);
}

void write(protocol::StateScheduler::Builder to, const StateScheduler& from) {
  auto binder = to.initBinder();
  write_all(binder.initReceived(length(from.received)), from.received);
  write_all(binder.initSent(length(from.sent)), from.sent);
  write(to.initScheduler(), from.scheduler);
  to.setRssFree(from.rss_free_bytes);
  write_all(to.initClientManager().initClientToNumOfTask(length(from.clients)), from.clients);
  to.initObjectManager().setNumberOfObjects(from.objects);
  write_all(to.initTaskManager().initStateToCount(length(from.tasks)), from.tasks);
  write_all(to.initWorkerManager().initWorkers(length(from.workers)), from.workers);
  auto scaling = to.initScalingManager();
  write_all(scaling.initManagedWorkers(length(from.managed_workers)), from.managed_workers);
  write_all(scaling.initWorkerManagerDetails(length(from.managers)), from.managers);
}

void write(protocol::StateWorker::Builder to, const StateWorker& from) {
  to.setWorkerId(data_of(from.worker));
  to.setState(static_cast<protocol::StateWorker::WorkerState>(from.state));
  write_each(to.initCapabilities(length(from.capabilities)), from.capabilities);
}

void write(protocol::StateTask::Builder to, const StateTask& from) {
  to.setTaskId(data_of(from.id.view()));
  to.setFunctionName(data_of(from.function_name));
  to.setState(static_cast<protocol::TaskState>(from.state));
  to.setWorker(data_of(from.worker));
  write_each(to.initCapabilities(length(from.capabilities)), from.capabilities);
  to.setMetadata(data_of(from.metadata));
}

void write(protocol::StateGraphTask::Builder to, const StateGraphTask& from) {
  to.setGraphTaskId(data_of(from.graph.view()));
  to.setTaskId(data_of(from.task.view()));
  to.setNodeTaskType(static_cast<protocol::StateGraphTask::NodeTaskType>(from.type));
  write_blobs(to.initParentTaskIds(length(from.parents)), from.parents);
}

}  // namespace scaler::wire
