#pragma once

#include "protocol/message.capnp.h"
#include "scaler/wire/messages.hpp"
#include "wire/decoder.hpp"

// One reader for each struct of the schema. They throw kj::Exception for malformed pointers, which
// decode() catches; every other fault goes to the Decoder.
namespace scaler::wire {

// common.capnp
Resource read(Decoder& in, protocol::Resource::Reader from);
Capability read(Decoder& in, protocol::TaskCapability::Reader from);
Capabilities read(Decoder& in, capnp::List<protocol::TaskCapability>::Reader from);
ObjectStorageAddress read(Decoder& in, protocol::ObjectStorageAddress::Reader from);
ProcessorStatus read(Decoder& in, protocol::ProcessorStatus::Reader from);
std::vector<ProcessorStatus> read(Decoder& in, capnp::List<protocol::ProcessorStatus>::Reader from);

// tasks.capnp
Task read(Decoder& in, protocol::Task::Reader from);
TaskCancel read(Decoder& in, protocol::TaskCancel::Reader from);
TaskCancelConfirm read(Decoder& in, protocol::TaskCancelConfirm::Reader from);
TaskResult read(Decoder& in, protocol::TaskResult::Reader from);
TaskLog read(Decoder& in, protocol::TaskLog::Reader from);
GraphTask read(Decoder& in, protocol::GraphTask::Reader from);

// control.capnp
ClientHeartbeat read(Decoder& in, protocol::ClientHeartbeat::Reader from);
ClientHeartbeatEcho read(Decoder& in, protocol::ClientHeartbeatEcho::Reader from);
WorkerHeartbeat read(Decoder& in, protocol::WorkerHeartbeat::Reader from);
WorkerHeartbeatEcho read(Decoder& in, protocol::WorkerHeartbeatEcho::Reader from);
DisconnectRequest read(Decoder& in, protocol::DisconnectRequest::Reader from);
DisconnectResponse read(Decoder& in, protocol::DisconnectResponse::Reader from);
ClientDisconnect read(Decoder& in, protocol::ClientDisconnect::Reader from);
ClientShutdownResponse read(Decoder& in, protocol::ClientShutdownResponse::Reader from);
InformationRequest read(Decoder& in, protocol::InformationRequest::Reader from);
InformationResponse read(Decoder& in, protocol::InformationResponse::Reader from);
ObjectInstruction read(Decoder& in, protocol::ObjectInstruction::Reader from);

// managers.capnp
WorkerManagerHeartbeat read(Decoder& in, protocol::WorkerManagerHeartbeat::Reader from);
WorkerManagerCommand read_command(Decoder& in, capnp::AnyPointer::Reader from,
                                  ManagerDialect dialect);
WorkerManagerCommandResponse read(Decoder& in, protocol::WorkerManagerCommandResponse::Reader from);

// state.capnp
StateBalanceAdvice read(Decoder& in, protocol::StateBalanceAdvice::Reader from);
StateScheduler read(Decoder& in, protocol::StateScheduler::Reader from);
StateWorker read(Decoder& in, protocol::StateWorker::Reader from);
StateTask read(Decoder& in, protocol::StateTask::Reader from);
StateGraphTask read(Decoder& in, protocol::StateGraphTask::Reader from);

}  // namespace scaler::wire
