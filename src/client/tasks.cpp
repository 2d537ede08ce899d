#include <fmt/format.h>

#include <utility>

#include "client/impl.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::client {

void ClientCore::Impl::on_request(Submit& request, Outbox& out) {
  const Bytes metadata = wire::encode_task_flags(request.flags);
  const auto function = kept.find(request.function);
  if (function == kept.end()) {  // cleared since it was looked up, and so are its tasks
    for (const NewTask& task : request.tasks) out.notices.emplace_back(Canceled{task.token});
    return;
  }
  announce(request.objects, out);
  function->second.tasks_open += request.tasks.size();
  for (NewTask& asked : request.tasks) {
    wire::Task said;
    said.id = asked.id;
    said.source = source();
    said.metadata = metadata;
    said.function = request.function;
    said.capabilities = request.capabilities;
    said.arguments.reserve(asked.arguments.size());
    Task task;
    for (const TaskArgument& argument : asked.arguments) {
      said.arguments.emplace_back(argument.id);
      if (argument.own) task.own.push_back(argument.id);
    }
    task.token = asked.token;
    task.fetch = request.fetch;
    task.function = &*function;
    const bool fresh = tasks.emplace(asked.id, std::move(task)).second;
    SCALER_ASSERT(fresh, "task ids are unique");
    after_creates.emplace_back(std::move(said));
  }
}

void ClientCore::Impl::request_cancel(const TaskId& id, Task& task) {
  if (task.graph != 0) return cancel_graph(task.graph);
  if (std::exchange(task.cancel_requested, true)) return;
  after_creates.emplace_back(wire::TaskCancel{id, true});
}

void ClientCore::Impl::cancel_all() {
  for (auto& [id, task] : tasks)
    if (task.phase == Task::Phase::sent) request_cancel(id, task);
}

void ClientCore::Impl::on_request(Cancel& request, Outbox& /*out*/) {
  const auto found = tasks.find(request.task);
  if (found == tasks.end() || found->second.phase != Task::Phase::sent) return;
  request_cancel(found->first, found->second);
}

void ClientCore::Impl::on_request(Abandon& request, Outbox& out) {
  for (const TaskId& id : request.tasks) {
    const auto found = tasks.find(id);
    if (found == tasks.end()) continue;
    Task& task = found->second;
    if (task.phase == Task::Phase::sent) {
      const std::uint64_t graph = task.graph;
      request_cancel(id, task);
      if (graph != 0) {
        settle_graph_canceled(graph, out);
        continue;
      }
    }
    settle_canceled(found, out);
  }
}

void ClientCore::Impl::on_request(FetchResult& request, Outbox& out) {
  const auto found = tasks.find(request.task);
  if (found == tasks.end() || found->second.phase != Task::Phase::known) {
    out.notices.emplace_back(
        Lost{request.token, Reason::storage_lost, "the result has been released"});
    return;
  }
  found->second.token = request.token;
  ask_for(found->first, found->second, ~0ULL, out);
}

void ClientCore::Impl::ask_for(const TaskId& id, Task& task, std::uint64_t bytes_max, Outbox& out) {
  task.phase = Task::Phase::fetching;
  fetches.emplace(task.result, id);
  if (bytes_max != ~0ULL) fetch_limits.emplace(task.result, bytes_max);
  if (store_connected) out.effects.emplace_back(GetObject{task.result, bytes_max});
}

void ClientCore::Impl::on_result(const wire::TaskResult& result, Outbox& out) {
  const auto found = tasks.find(result.id);
  if (found == tasks.end()) {
    const std::uint64_t key = graph_key_of(result.id);
    const auto graph = graphs.find(key);
    if (graph != graphs.end()) {  // inner nodes finish too, and their results have other users
      if (graph->second.id == result.id) finish_graph(key, out);
      return;
    }
    ++counters.stray_answers;  // of a task that was given up
    for (const ObjectId& id : result.results) release(id);
    return;
  }
  Task& task = found->second;
  if (task.phase != Task::Phase::sent) {
    ++counters.stray_answers;
    return;
  }
  if (result.type == wire::TaskResultType::failed_worker_died || result.results.empty()) {
    return settle_lost(found, Reason::worker_died,
                       fmt::format("worker died when processing task: {}", result.id.hex()), out);
  }
  task.failed = result.type == wire::TaskResultType::failed;
  if (!result.metadata.empty()) task.profile = wire::decode_task_profile(result.metadata);
  task.result = result.results.front();
  if (fetches.contains(task.result)) {  // one object for two tasks: no release of ours says so
    return settle_lost(found, Reason::worker_died, "the scheduler gave two tasks one result", out);
  }
  const bool whole = task.fetch == Fetch::eager || task.failed;
  ask_for(found->first, task, whole ? ~0ULL : options.prefetch_bytes, out);
}

void ClientCore::Impl::deliver(std::unordered_map<TaskId, Task>::iterator at, Bytes payload,
                               Outbox& out) {
  Task& task = at->second;
  const Token token = std::exchange(task.token, 0);
  if (task.told) {
    out.notices.emplace_back(Arrived{token, std::move(payload)});
  } else {
    out.notices.emplace_back(Finished{token, task.failed, true, task.profile, std::move(payload)});
  }
  forget(at);
}

void ClientCore::Impl::on_confirm(const wire::TaskCancelConfirm& confirm, Outbox& out) {
  if (confirm.type == wire::CancelConfirmType::cancel_failed) return;  // its result will come
  const auto graph = graphs.find(graph_key_of(confirm.id));
  if (graph != graphs.end()) {  // not every scheduler confirms every node: one is enough
    const bool umbrella = graph->second.id == confirm.id;
    const std::uint64_t key = graph->first;
    settle_graph_canceled(key, out);
    if (umbrella) finish_graph(key, out);
    return;
  }
  const auto found = tasks.find(confirm.id);
  if (found == tasks.end()) {
    ++counters.stray_answers;
    return;
  }
  if (found->second.phase == Task::Phase::sent) settle_canceled(found, out);
}

void ClientCore::Impl::settle_canceled(std::unordered_map<TaskId, Task>::iterator at, Outbox& out) {
  const Token token = std::exchange(at->second.token, 0);
  if (token != 0) out.notices.emplace_back(Canceled{token});
  forget(at);
}

void ClientCore::Impl::settle_lost(std::unordered_map<TaskId, Task>::iterator at, Reason reason,
                                   const std::string& text, Outbox& out) {
  const Token token = std::exchange(at->second.token, 0);
  if (token != 0) out.notices.emplace_back(Lost{token, reason, text});
  forget(at);
}

// Releases what only this task needed.
std::unordered_map<TaskId, Task>::iterator ClientCore::Impl::forget(
    std::unordered_map<TaskId, Task>::iterator at) {
  Task& task = at->second;
  for (const ObjectId& id : task.own) release(id);
  if (task.function != nullptr && --task.function->second.tasks_open == 0 &&
      task.function->second.released)
    release_kept(kept.find(task.function->first));
  if (task.phase != Task::Phase::sent) {
    fetches.erase(task.result);
    fetch_limits.erase(task.result);
    const auto graph = graphs.find(task.graph);
    if (task.graph != 0 && graph != graphs.end())
      graph->second.own.push_back(task.result);  // another node may still read it
    else
      release(task.result);
  }
  return tasks.erase(at);
}

void ClientCore::Impl::settle_all(std::optional<Reason> reason, const std::string& text,
                                  Outbox& out) {
  while (!tasks.empty()) {
    if (reason)
      settle_lost(tasks.begin(), *reason, text, out);
    else
      settle_canceled(tasks.begin(), out);
  }
  for (auto& [key, graph] : graphs)
    for (const ObjectId& id : graph.own) release(id);
  graphs.clear();
}

}  // namespace scaler::client
