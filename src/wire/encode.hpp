#pragma once

#include "protocol/message.capnp.h"
#include "scaler/wire/messages.hpp"

// One writer for each struct of the schema. Each allocates in the order of the fields and writes
// every list and sub-struct, empty or not, as the peers do: so the bytes come out the same.
namespace scaler::wire {

inline capnp::Data::Reader data_of(ByteView view) {
  return {reinterpret_cast<const kj::byte*>(view.data()), view.size()};
}
inline capnp::Text::Reader text_of(const std::string& text) { return {text.c_str(), text.size()}; }

// Writes from[i] to to[i]; `to` was made with the length of `from`.
template <class List, class T>
void write_each(List to, const std::vector<T>& from) {
  for (unsigned i = 0; i < to.size(); ++i) write(to[i], from[i]);
}
template <class T>
void write_blobs(capnp::List<capnp::Data>::Builder to, const std::vector<T>& from) {
  for (unsigned i = 0; i < to.size(); ++i) to.set(i, data_of(from[i].view()));
}
// The length of a list to make. A list of 2^29 elements and more cannot be written; no message that
// fits its limit has one.
template <class T>
unsigned length(const std::vector<T>& list) {
  return static_cast<unsigned>(list.size());
}

// common.capnp
void write(protocol::Resource::Builder to, const Resource& from);
void write(protocol::TaskCapability::Builder to, const Capability& from);
void write(protocol::ObjectStorageAddress::Builder to, const ObjectStorageAddress& from);
void write(protocol::ProcessorStatus::Builder to, const ProcessorStatus& from);

// tasks.capnp
void write(protocol::Task::Builder to, const Task& from);
void write(protocol::TaskCancel::Builder to, const TaskCancel& from);
void write(protocol::TaskCancelConfirm::Builder to, const TaskCancelConfirm& from);
void write(protocol::TaskResult::Builder to, const TaskResult& from);
void write(protocol::TaskLog::Builder to, const TaskLog& from);
void write(protocol::GraphTask::Builder to, const GraphTask& from);

// control.capnp
void write(protocol::ClientHeartbeat::Builder to, const ClientHeartbeat& from);
void write(protocol::ClientHeartbeatEcho::Builder to, const ClientHeartbeatEcho& from);
void write(protocol::WorkerHeartbeat::Builder to, const WorkerHeartbeat& from);
void write(protocol::WorkerHeartbeatEcho::Builder to, const WorkerHeartbeatEcho& from);
void write(protocol::ObjectInstruction::Builder to, const ObjectInstruction& from);

// managers.capnp
void write(protocol::WorkerManagerHeartbeat::Builder to, const WorkerManagerHeartbeat& from);
void write(capnp::AnyPointer::Builder to, const WorkerManagerCommand& from);
void write(protocol::WorkerManagerCommandResponse::Builder to,
           const WorkerManagerCommandResponse& from);

// state.capnp
void write(protocol::StateBalanceAdvice::Builder to, const StateBalanceAdvice& from);
void write(protocol::StateScheduler::Builder to, const StateScheduler& from);
void write(protocol::StateWorker::Builder to, const StateWorker& from);
void write(protocol::StateTask::Builder to, const StateTask& from);
void write(protocol::StateGraphTask::Builder to, const StateGraphTask& from);

}  // namespace scaler::wire
