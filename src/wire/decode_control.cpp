#include <algorithm>

#include "wire/decode.hpp"

namespace scaler::wire {

// ---- common.capnp ----

Resource read(Decoder&, protocol::Resource::Reader from) {
  return {.cpu_permille = from.getCpu(), .rss_bytes = from.getRss()};
}

Capability read(Decoder&, protocol::TaskCapability::Reader from) {
  return {.name = Decoder::text(from.getName()), .value = from.getValue()};
}

Capabilities read(Decoder& in, capnp::List<protocol::TaskCapability>::Reader from) {
  return in.list(from, "capabilities", [&](auto capability) { return read(in, capability); });
}

ObjectStorageAddress read(Decoder&, protocol::ObjectStorageAddress::Reader from) {
  return {.host = Decoder::text(from.getHost()),
          .port = from.getPort(),
          .scheme = Decoder::text(from.getScheme())};
}

ProcessorStatus read(Decoder& in, protocol::ProcessorStatus::Reader from) {
  return {.pid = from.getPid(),
          .initialized = from.getInitialized(),
          .has_task = from.getHasTask(),
          .suspended = from.getSuspended(),
          .resource = read(in, from.getResource())};
}

std::vector<ProcessorStatus> read(Decoder& in,
                                  capnp::List<protocol::ProcessorStatus>::Reader from) {
  return in.list(from, "processors", [&](auto processor) { return read(in, processor); });
}

// ---- control.capnp ----

ClientHeartbeat read(Decoder& in, protocol::ClientHeartbeat::Reader from) {
  return {.resource = read(in, from.getResource()), .latency_us = from.getLatencyUS()};
}

ClientHeartbeatEcho read(Decoder& in, protocol::ClientHeartbeatEcho::Reader from) {
  return {.object_storage = read(in, from.getObjectStorageAddress())};
}

WorkerHeartbeat read(Decoder& in, protocol::WorkerHeartbeat::Reader from) {
  return {.agent = read(in, from.getAgent()),
          .rss_free_bytes = from.getRssFree(),
          .queue_size = from.getQueueSize(),
          .queued_tasks = from.getQueuedTasks(),
          .latency_us = from.getLatencyUS(),
          .task_lock = from.getTaskLock(),
          .processors = read(in, from.getProcessors()),
          .capabilities = read(in, from.getCapabilities()),
          .manager_id = in.bytes(from.getWorkerManagerID())};
}

WorkerHeartbeatEcho read(Decoder& in, protocol::WorkerHeartbeatEcho::Reader from) {
  return {.object_storage = read(in, from.getObjectStorageAddress())};
}

DisconnectRequest read(Decoder& in, protocol::DisconnectRequest::Reader from) {
  return {.worker = in.bytes(from.getWorker())};
}

DisconnectResponse read(Decoder& in, protocol::DisconnectResponse::Reader from) {
  return {.worker = in.bytes(from.getWorker())};
}

ClientDisconnect read(Decoder& in, protocol::ClientDisconnect::Reader from) {
  return {.type =
              in.enumerator(from.getDisconnectType(), DisconnectType::shutdown, "disconnectType")};
}

ClientShutdownResponse read(Decoder&, protocol::ClientShutdownResponse::Reader from) {
  return {.accepted = from.getAccepted()};
}

InformationRequest read(Decoder& in, protocol::InformationRequest::Reader from) {
  return {.request = in.bytes(from.getRequest())};
}

InformationResponse read(Decoder& in, protocol::InformationResponse::Reader from) {
  return {.response = in.bytes(from.getResponse())};
}

namespace {

// The peer reads the three lists side by side and stops with the shortest.
void cut_to_shortest(ObjectInstruction& create) {
  const std::size_t length =
      std::min({create.ids.size(), create.types.size(), create.names.size()});
  create.ids.resize(length);
  create.types.resize(length);
  create.names.resize(length);
}

}  // namespace

ObjectInstruction read(Decoder& in, protocol::ObjectInstruction::Reader from) {
  const protocol::ObjectMetadata::Reader metadata = from.getObjectMetadata();
  ObjectInstruction to{
      .type =
          in.enumerator(from.getInstructionType(), ObjectInstructionType::clear, "instructionType"),
      .user = in.bytes(from.getObjectUser()),
      .ids = in.ids<ObjectId>(metadata.getObjectIds(), "objectIds"),
      .types = in.list(
          metadata.getObjectTypes(), "objectTypes",
          [&](auto type) { return in.enumerator(type, ObjectContentType::object, "objectTypes"); }),
      .names = in.blobs(metadata.getObjectNames(), "objectNames")};
  if (to.type == ObjectInstructionType::create) cut_to_shortest(to);
  return to;
}

// ---- managers.capnp ----

namespace {

std::vector<DesiredTaskConcurrency> read_desired(
    Decoder& in, capnp::List<protocol::DesiredTaskConcurrencyRequest>::Reader from) {
  return in.list(from, "setDesiredTaskConcurrencyRequests", [&](auto request) {
    return DesiredTaskConcurrency{.task_concurrency = request.getTaskConcurrency(),
                                  .capabilities = read(in, request.getCapabilities())};
  });
}

}  // namespace

WorkerManagerHeartbeat read(Decoder& in, protocol::WorkerManagerHeartbeat::Reader from) {
  return {.max_task_concurrency = from.getMaxTaskConcurrency(),
          .capabilities = read(in, from.getCapabilities()),
          .manager_id = in.bytes(from.getWorkerManagerID())};
}

WorkerManagerCommand read_command(Decoder& in, capnp::AnyPointer::Reader from,
                                  ManagerDialect dialect) {
  WorkerManagerCommand to;
  to.dialect = dialect;
  if (dialect == ManagerDialect::v2_6) {
    const auto wish = from.getAs<protocol::WorkerManagerWish>();
    to.type = ManagerCommandType::set_desired_task_concurrency;
    to.desired = read_desired(in, wish.getSetDesiredTaskConcurrencyRequests());
    return to;
  }
  const bool can_desire = dialect == ManagerDialect::v2_2;
  const auto command = from.getAs<protocol::WorkerManagerCommand>();
  to.worker_ids = in.blobs(command.getWorkerIDs(), "workerIDs");
  to.type = in.enumerator(command.getCommand(),
                          can_desire ? ManagerCommandType::set_desired_task_concurrency
                                     : ManagerCommandType::shutdown_workers,
                          "command");
  to.capabilities = read(in, command.getCapabilities());
  if (can_desire) to.desired = read_desired(in, command.getSetDesiredTaskConcurrencyRequests());
  return to;
}

WorkerManagerCommandResponse read(Decoder& in,
                                  protocol::WorkerManagerCommandResponse::Reader from) {
  return {.type = in.enumerator(from.getCommand(), ManagerCommandType::set_desired_task_concurrency,
                                "command"),
          .status = in.enumerator(from.getStatus(), ManagerResponseStatus::success, "status"),
          .worker_ids = in.blobs(from.getWorkerIDs(), "workerIDs"),
          .capabilities = read(in, from.getCapabilities())};
}

}  // namespace scaler::wire
