#include "wire/encode.hpp"

#include <capnp/message.h>

#include <cstring>

#include "scaler/wire/codec.hpp"
#include "wire/carried.hpp"
#include "wire/segments.hpp"
#include "wire/sizes.hpp"

namespace scaler::wire {
namespace {

constexpr std::size_t table_bytes = 8;  // of one segment

using Root = protocol::Message::Builder;

void begin(Root to, const Task& from) { write(to.initTask(), from); }
void begin(Root to, const TaskCancel& from) { write(to.initTaskCancel(), from); }
void begin(Root to, const TaskCancelConfirm& from) { write(to.initTaskCancelConfirm(), from); }
void begin(Root to, const TaskResult& from) { write(to.initTaskResult(), from); }
void begin(Root to, const TaskLog& from) { write(to.initTaskLog(), from); }
void begin(Root to, const GraphTask& from) { write(to.initGraphTask(), from); }
void begin(Root to, const ObjectInstruction& from) { write(to.initObjectInstruction(), from); }
void begin(Root to, const ClientHeartbeat& from) { write(to.initClientHeartbeat(), from); }
void begin(Root to, const ClientHeartbeatEcho& from) { write(to.initClientHeartbeatEcho(), from); }
void begin(Root to, const WorkerHeartbeat& from) { write(to.initWorkerHeartbeat(), from); }
void begin(Root to, const WorkerHeartbeatEcho& from) { write(to.initWorkerHeartbeatEcho(), from); }
void begin(Root to, const DisconnectRequest& from) {
  to.initDisconnectRequest().setWorker(data_of(from.worker));
}
void begin(Root to, const DisconnectResponse& from) {
  to.initDisconnectResponse().setWorker(data_of(from.worker));
}
void begin(Root to, const StateClient&) { to.initStateClient(); }
void begin(Root to, const StateObject&) { to.initStateObject(); }
void begin(Root to, const StateBalanceAdvice& from) { write(to.initStateBalanceAdvice(), from); }
void begin(Root to, const StateScheduler& from) { write(to.initStateScheduler(), from); }
void begin(Root to, const StateWorker& from) { write(to.initStateWorker(), from); }
void begin(Root to, const StateTask& from) { write(to.initStateTask(), from); }
void begin(Root to, const StateGraphTask& from) { write(to.initStateGraphTask(), from); }
void begin(Root to, const ClientDisconnect& from) {
  to.initClientDisconnect().setDisconnectType(
      static_cast<protocol::ClientDisconnect::DisconnectType>(from.type));
}
void begin(Root to, const ClientShutdownResponse& from) {
  to.initClientShutdownResponse().setAccepted(from.accepted);
}
void begin(Root to, const ProcessorInitialized&) { to.initProcessorInitialized(); }
void begin(Root to, const InformationRequest& from) {
  to.initInformationRequest().setRequest(data_of(from.request));
}
void begin(Root to, const InformationResponse& from) {
  to.initInformationResponse().setResponse(data_of(from.response));
}
void begin(Root to, const WorkerManagerHeartbeat& from) {
  write(to.initWorkerManagerHeartbeat(), from);
}
void begin(Root to, const WorkerManagerHeartbeatEcho&) { to.initWorkerManagerHeartbeatEcho(); }
void begin(Root to, const WorkerManagerCommand& from) {
  write(to.initWorkerManagerCommand(), from);
}
void begin(Root to, const WorkerManagerCommandResponse& from) {
  write(to.initWorkerManagerCommandResponse(), from);
}

}  // namespace

Bytes encode(const Message& message) {
  const std::size_t words = words_needed(message);
  const std::size_t frame_bytes = table_bytes + words * word_bytes;
  Buffer frame(frame_bytes);
  std::memset(frame.data(), 0, frame_bytes);
  store_le32(frame.data() + 4, static_cast<std::uint32_t>(words));
  try {
    auto* segment = reinterpret_cast<capnp::word*>(frame.data() + table_bytes);
    capnp::FlatMessageBuilder builder({segment, words});
    const Carried* carried = carried_of(message);
    capnp::AnyStruct::Builder root = init_root(builder, carried != nullptr);
    std::visit([&](const auto& body) { begin(root.as<protocol::Message>(), body); }, message);
    if (carried != nullptr) write_carried(root, *carried);
    builder.requireFilled();
  } catch (const kj::Exception& exception) {
    SCALER_ASSERT(false, exception.getDescription().cStr());
  }
  frame.commit(frame_bytes);
  return std::move(frame).freeze();
}

}  // namespace scaler::wire
