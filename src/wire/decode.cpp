#include "wire/decode.hpp"

#include <capnp/serialize.h>

#include <optional>

#include "scaler/wire/codec.hpp"
#include "wire/carried.hpp"
#include "wire/segments.hpp"

namespace scaler::wire {
namespace {

using Dialect = std::optional<ManagerDialect>;  // none: by the layout

// Writers allocate all fields of their schema, so the sizes tell which one it was.
Dialect dialect_of(capnp::AnyPointer::Reader command) {
  const auto layout = command.getAs<capnp::AnyStruct>();
  const bool has_data = layout.getDataSection().size() > 0;
  const unsigned pointers = layout.getPointerSection().size();
  if (!has_data) return pointers == 1 ? Dialect(ManagerDialect::v2_6) : std::nullopt;
  return pointers > 2 ? ManagerDialect::v2_2 : ManagerDialect::v2_0;
}

Message read_any_command(Decoder& in, capnp::AnyPointer::Reader from, Dialect dialect) {
  if (!dialect) dialect = dialect_of(from);
  if (dialect) return read_command(in, from, *dialect);
  in.fail("layout", "that of no release");
  return {};
}

Message read_message(Decoder& in, protocol::Message::Reader from, Dialect dialect) {
  const auto kind = static_cast<std::uint16_t>(from.which());
  if (kind >= std::variant_size_v<Message>) {
    in.fail("kind", "unknown value " + std::to_string(kind));
    return {};
  }
  in.name_kind(kind_name(kind));
  switch (from.which()) {
    case protocol::Message::TASK:
      return read(in, from.getTask());
    case protocol::Message::TASK_CANCEL:
      return read(in, from.getTaskCancel());
    case protocol::Message::TASK_CANCEL_CONFIRM:
      return read(in, from.getTaskCancelConfirm());
    case protocol::Message::TASK_RESULT:
      return read(in, from.getTaskResult());
    case protocol::Message::TASK_LOG:
      return read(in, from.getTaskLog());
    case protocol::Message::GRAPH_TASK:
      return read(in, from.getGraphTask());
    case protocol::Message::OBJECT_INSTRUCTION:
      return read(in, from.getObjectInstruction());
    case protocol::Message::CLIENT_HEARTBEAT:
      return read(in, from.getClientHeartbeat());
    case protocol::Message::CLIENT_HEARTBEAT_ECHO:
      return read(in, from.getClientHeartbeatEcho());
    case protocol::Message::WORKER_HEARTBEAT:
      return read(in, from.getWorkerHeartbeat());
    case protocol::Message::WORKER_HEARTBEAT_ECHO:
      return read(in, from.getWorkerHeartbeatEcho());
    case protocol::Message::DISCONNECT_REQUEST:
      return read(in, from.getDisconnectRequest());
    case protocol::Message::DISCONNECT_RESPONSE:
      return read(in, from.getDisconnectResponse());
    case protocol::Message::STATE_CLIENT:
      return StateClient{};
    case protocol::Message::STATE_OBJECT:
      return StateObject{};
    case protocol::Message::STATE_BALANCE_ADVICE:
      return read(in, from.getStateBalanceAdvice());
    case protocol::Message::STATE_SCHEDULER:
      return read(in, from.getStateScheduler());
    case protocol::Message::STATE_WORKER:
      return read(in, from.getStateWorker());
    case protocol::Message::STATE_TASK:
      return read(in, from.getStateTask());
    case protocol::Message::STATE_GRAPH_TASK:
      return read(in, from.getStateGraphTask());
    case protocol::Message::CLIENT_DISCONNECT:
      return read(in, from.getClientDisconnect());
    case protocol::Message::CLIENT_SHUTDOWN_RESPONSE:
      return read(in, from.getClientShutdownResponse());
    case protocol::Message::PROCESSOR_INITIALIZED:
      return ProcessorInitialized{};
    case protocol::Message::INFORMATION_REQUEST:
      return read(in, from.getInformationRequest());
    case protocol::Message::INFORMATION_RESPONSE:
      return read(in, from.getInformationResponse());
    case protocol::Message::WORKER_MANAGER_HEARTBEAT:
      return read(in, from.getWorkerManagerHeartbeat());
    case protocol::Message::WORKER_MANAGER_HEARTBEAT_ECHO:
      return WorkerManagerHeartbeatEcho{};
    case protocol::Message::WORKER_MANAGER_COMMAND:
      return read_any_command(in, from.getWorkerManagerCommand(), dialect);
    case protocol::Message::WORKER_MANAGER_COMMAND_RESPONSE:
      return read(in, from.getWorkerManagerCommandResponse());
  }
  return {};  // not reached: the kind was checked above
}

Error malformed(const char* kind, const kj::Exception& exception) {
  return {Errc::bad_message, std::string(kind) + ": " + exception.getDescription().cStr()};
}

Result<Message> decode_in(const Bytes& frame, Dialect dialect) {
  SCALER_CHECK(check_segment_table(frame, Trailing::refused));
  const Bytes aligned = word_aligned(frame);
  Decoder in(aligned);
  try {
    capnp::FlatArrayMessageReader reader(words_of(aligned), reader_options(aligned.size()));
    const auto root = reader.getRoot<capnp::AnyStruct>();
    Message message = read_message(in, root.as<protocol::Message>(), dialect);
    read_carried(in, root, message);
    if (in.failed()) return in.error();
    return message;
  } catch (const kj::Exception& exception) {
    return malformed(in.kind(), exception);
  }
}

}  // namespace

Result<Message> decode(const Bytes& frame, ManagerDialect dialect) {
  return decode_in(frame, dialect);
}

Result<Message> decode_for_manager(const Bytes& frame) { return decode_in(frame, std::nullopt); }

}  // namespace scaler::wire
