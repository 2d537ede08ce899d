#include "wire/encode.hpp"
#include "wire/sizes.hpp"

namespace scaler::wire {

// ---- common.capnp ----

void write(protocol::Resource::Builder to, const Resource& from) {
  to.setCpu(from.cpu_permille);
  to.setRss(from.rss_bytes);
}

void write(protocol::TaskCapability::Builder to, const Capability& from) {
  to.setName(text_of(from.name));
  to.setValue(from.value);
}

void write(protocol::ObjectStorageAddress::Builder to, const ObjectStorageAddress& from) {
  to.setHost(text_of(from.host));
  to.setPort(from.port);
  to.setScheme(text_of(from.scheme));
}

void write(protocol::ProcessorStatus::Builder to, const ProcessorStatus& from) {
  to.setPid(from.pid);
  to.setInitialized(from.initialized);
  to.setHasTask(from.has_task);
  to.setSuspended(from.suspended);
  write(to.initResource(), from.resource);
}

// ---- control.capnp ----

void write(protocol::ClientHeartbeat::Builder to, const ClientHeartbeat& from) {
  write(to.initResource(), from.resource);
  to.setLatencyUS(from.latency_us);
}

void write(protocol::ClientHeartbeatEcho::Builder to, const ClientHeartbeatEcho& from) {
  write(to.initObjectStorageAddress(), from.object_storage);
}

void write(protocol::WorkerHeartbeat::Builder to, const WorkerHeartbeat& from) {
  write(to.initAgent(), from.agent);
  to.setRssFree(from.rss_free_bytes);
  to.setQueueSize(from.queue_size);
  to.setQueuedTasks(from.queued_tasks);
  to.setLatencyUS(from.latency_us);
  to.setTaskLock(from.task_lock);
  write_each(to.initProcessors(length(from.processors)), from.processors);
  write_each(to.initCapabilities(length(from.capabilities)), from.capabilities);
  to.setWorkerManagerID(data_of(from.manager_id));
}

void write(protocol::WorkerHeartbeatEcho::Builder to, const WorkerHeartbeatEcho& from) {
  write(to.initObjectStorageAddress(), from.object_storage);
}

void write(protocol::ObjectInstruction::Builder to, const ObjectInstruction& from) {
  to.setInstructionType(static_cast<protocol::ObjectInstruction::ObjectInstructionType>(from.type));
  to.setObjectUser(data_of(from.user));
  protocol::ObjectMetadata::Builder metadata = to.initObjectMetadata();
  write_blobs(metadata.initObjectIds(length(from.ids)), from.ids);
  auto types = metadata.initObjectTypes(length(from.types));
  for (unsigned i = 0; i < types.size(); ++i)
    types.set(i, static_cast<protocol::ObjectMetadata::ObjectContentType>(from.types[i]));
  write_blobs(metadata.initObjectNames(length(from.names)), from.names);
}

// ---- managers.capnp ----

namespace {

void write(protocol::DesiredTaskConcurrencyRequest::Builder to,
           const DesiredTaskConcurrency& from) {
  to.setTaskConcurrency(from.task_concurrency);
  write_each(to.initCapabilities(length(from.capabilities)), from.capabilities);
}

template <class Command>
void write_desired(Command to, const std::vector<DesiredTaskConcurrency>& from) {
  auto requests = to.initSetDesiredTaskConcurrencyRequests(length(from));
  for (unsigned i = 0; i < requests.size(); ++i) write(requests[i], from[i]);
}

}  // namespace

void write(protocol::WorkerManagerHeartbeat::Builder to, const WorkerManagerHeartbeat& from) {
  to.setMaxTaskConcurrency(from.max_task_concurrency);
  write_each(to.initCapabilities(length(from.capabilities)), from.capabilities);
  to.setWorkerManagerID(data_of(from.manager_id));
}

namespace {

// The older layout with the younger list at pointer 0, each request without capabilities.
void write_probe(capnp::AnyPointer::Builder to, const WorkerManagerCommand& from) {
  constexpr unsigned data_words = 1;
  constexpr unsigned pointers = 2;
  auto command = to.initAsAnyStruct(data_words, pointers);
  command.getDataSection()[0] = static_cast<kj::byte>(from.type);
  auto requests =
      command.getPointerSection()[0].initAs<capnp::List<protocol::DesiredTaskConcurrencyRequest>>(
          length(from.desired));
  for (unsigned i = 0; i < requests.size(); ++i)
    requests[i].setTaskConcurrency(from.desired[i].task_concurrency);
}

}  // namespace

void write(capnp::AnyPointer::Builder to, const WorkerManagerCommand& from) {
  if (is_probe(from)) {
    write_probe(to, from);
    return;
  }
  if (from.dialect == ManagerDialect::v2_6) {
    write_desired(to.initAs<protocol::WorkerManagerWish>(), from.desired);
    return;
  }
  auto command = to.initAs<protocol::WorkerManagerCommand>();
  write_blobs(command.initWorkerIDs(length(from.worker_ids)), from.worker_ids);
  command.setCommand(static_cast<protocol::WorkerManagerCommandType>(from.type));
  write_each(command.initCapabilities(length(from.capabilities)), from.capabilities);
  if (has_wishes(from)) write_desired(command, from.desired);
}

void write(protocol::WorkerManagerCommandResponse::Builder to,
           const WorkerManagerCommandResponse& from) {
  write_blobs(to.initWorkerIDs(length(from.worker_ids)), from.worker_ids);
  to.setCommand(static_cast<protocol::WorkerManagerCommandType>(from.type));
  to.setStatus(static_cast<protocol::WorkerManagerCommandResponse::Status>(from.status));
  write_each(to.initCapabilities(length(from.capabilities)), from.capabilities);
}

}  // namespace scaler::wire
