#include "wire/encode.hpp"

namespace scaler::wire {
namespace {

void write(protocol::Task::Argument::Builder to, const Argument& from) {
  using Type = protocol::Task::ArgumentType;
  to.setType(std::holds_alternative<TaskId>(from) ? Type::TASK : Type::OBJECT_I_D);
  to.setData(data_of(std::visit([](const auto& id) { return id.view(); }, from)));
}

}  // namespace

void write(protocol::Task::Builder to, const Task& from) {
  to.setTaskId(data_of(from.id.view()));
  to.setSource(data_of(from.source));
  to.setMetadata(data_of(from.metadata));
  to.setFuncObjectId(data_of(from.function.view()));
  auto arguments = to.initFunctionArgs(length(from.arguments));
  for (unsigned i = 0; i < arguments.size(); ++i) write(arguments[i], from.arguments[i]);
  write_each(to.initCapabilities(length(from.capabilities)), from.capabilities);
}

void write(protocol::TaskCancel::Builder to, const TaskCancel& from) {
  to.setTaskId(data_of(from.id.view()));
  to.initFlags().setForce(from.force);
}

void write(protocol::TaskCancelConfirm::Builder to, const TaskCancelConfirm& from) {
  to.setTaskId(data_of(from.id.view()));
  to.setCancelConfirmType(static_cast<protocol::TaskCancelConfirmType>(from.type));
}

void write(protocol::TaskResult::Builder to, const TaskResult& from) {
  to.setTaskId(data_of(from.id.view()));
  to.setResultType(static_cast<protocol::TaskResultType>(from.type));
  to.setMetadata(data_of(from.metadata));
  write_blobs(to.initResults(length(from.results)), from.results);
}

void write(protocol::TaskLog::Builder to, const TaskLog& from) {
  to.setTaskId(data_of(from.id.view()));
  to.setLogType(static_cast<protocol::TaskLog::LogType>(from.type));
  to.setContent(text_of(from.content));
}

void write(protocol::GraphTask::Builder to, const GraphTask& from) {
  to.setTaskId(data_of(from.id.view()));
  to.setSource(data_of(from.source));
  write_blobs(to.initTargets(length(from.targets)), from.targets);
  write_each(to.initGraph(length(from.nodes)), from.nodes);
}

}  // namespace scaler::wire
