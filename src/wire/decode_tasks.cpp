#include "wire/decode.hpp"

namespace scaler::wire {
namespace {

Argument read(Decoder& in, protocol::Task::Argument::Reader from) {
  switch (from.getType()) {
    case protocol::Task::ArgumentType::TASK:
      return in.id<TaskId>(from.getData(), "functionArgs.data");
    case protocol::Task::ArgumentType::OBJECT_I_D:
      return in.id<ObjectId>(from.getData(), "functionArgs.data");
  }
  in.fail("functionArgs.type",
          "unknown value " + std::to_string(static_cast<std::uint16_t>(from.getType())));
  return {};
}

}  // namespace

Task read(Decoder& in, protocol::Task::Reader from) {
  Task to;
  to.id = in.id<TaskId>(from.getTaskId(), "taskId");
  to.source = in.bytes(from.getSource());
  to.metadata = in.bytes(from.getMetadata());
  to.function = in.id<ObjectId>(from.getFuncObjectId(), "funcObjectId");
  to.arguments = in.list(from.getFunctionArgs(), "functionArgs",
                         [&](auto argument) { return read(in, argument); });
  to.capabilities = read(in, from.getCapabilities());
  return to;
}

TaskCancel read(Decoder& in, protocol::TaskCancel::Reader from) {
  return {.id = in.id<TaskId>(from.getTaskId(), "taskId"), .force = from.getFlags().getForce()};
}

TaskCancelConfirm read(Decoder& in, protocol::TaskCancelConfirm::Reader from) {
  return {.id = in.id<TaskId>(from.getTaskId(), "taskId"),
          .type = in.enumerator(from.getCancelConfirmType(), CancelConfirmType::cancel_not_found,
                                "cancelConfirmType")};
}

TaskResult read(Decoder& in, protocol::TaskResult::Reader from) {
  return {
      .id = in.id<TaskId>(from.getTaskId(), "taskId"),
      .type = in.enumerator(from.getResultType(), TaskResultType::failed_worker_died, "resultType"),
      .metadata = in.bytes(from.getMetadata()),
      .results = in.ids<ObjectId>(from.getResults(), "results")};
}

TaskLog read(Decoder& in, protocol::TaskLog::Reader from) {
  return {.id = in.id<TaskId>(from.getTaskId(), "taskId"),
          .type = in.enumerator(from.getLogType(), LogType::standard_error, "logType"),
          .content = Decoder::text(from.getContent())};
}

GraphTask read(Decoder& in, protocol::GraphTask::Reader from) {
  return {
      .id = in.id<TaskId>(from.getTaskId(), "taskId"),
      .source = in.bytes(from.getSource()),
      .targets = in.ids<TaskId>(from.getTargets(), "targets"),
      .nodes = in.list(from.getGraph(), "graph", [&](auto node) { return wire::read(in, node); })};
}

}  // namespace scaler::wire
