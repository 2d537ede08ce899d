#include <fmt/format.h>

#include <utility>

#include "client/impl.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::client {

void ClientCore::Impl::on_request(Submit& request, Outbox& out) {
  const auto function = kept.find(request.function);
  if (function == kept.end()) {  // cleared since it was looked up, and so are its tasks
    for (const NewTask& task : request.tasks) out.notices.emplace_back(Canceled{task.token});
    return;
  }
  const auto common = common_of(*function, request.flags, std::move(request.capabilities));
  announce(request.objects, out);
  function->second.tasks_open += request.tasks.size();
  for (NewTask& asked : request.tasks) {
    Task task;
    task.token = asked.token;
    task.fetch = request.fetch;
    task.common = common;
    task.arguments = ArgumentList(std::move(asked.arguments));
    after_creates.emplace_back(message_of(asked.id, task));
    const bool fresh = tasks.emplace(asked.id, std::move(task)).second;
    SCALER_ASSERT(fresh, "task ids are unique");
  }
}

CountedPointer<const Common> ClientCore::Impl::common_of(KeptObjects::value_type& function,
                                                         const wire::TaskFlags& flags,
                                                         wire::Capabilities capabilities) {
  auto& last = function.second.last_common;
  if (!last || last->flags != flags || last->capabilities != capabilities)
    last = make_counted<const Common>(
        Common{&function, flags, std::move(capabilities), wire::encode_task_flags(flags)});
  return last;
}

wire::Task ClientCore::Impl::message_of(const TaskId& id, const Task& task) {
  wire::Task said;
  said.id = id;
  said.source = source();
  said.metadata = task.common->metadata;
  said.function = task.common->function->first;
  said.capabilities = task.common->capabilities;
  said.arguments.reserve(task.arguments.view().size());
  for (const TaskArgument& argument : task.arguments.view())
    said.arguments.emplace_back(argument.id);
  said.carried = carried_by(task);
  return said;
}

void ClientCore::Impl::request_cancel(const TaskId& id, Task& task) {
  if (task.of_graph) return cancel_graph(graph_key_of(id));
  if (task.cancel_requested) return;
  task.cancel_requested = true;
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
      request_cancel(id, task);
      if (task.of_graph) {
        settle_graph_canceled(graph_key_of(id), out);
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
  const ObjectId& result = task.announced->result;
  fetches.emplace(result, id);
  if (bytes_max != ~0ULL) fetch_limits.emplace(result, bytes_max);
  if (store_connected) out.effects.emplace_back(GetObject{result, bytes_max});
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
  if (fetches.contains(
          result.results.front())) {  // one object for two tasks: no release of ours says so
    return settle_lost(found, Reason::worker_died, "the scheduler gave two tasks one result", out);
  }
  task.announced = std::make_unique<Announced>();
  task.announced->result = result.results.front();
  if (!result.metadata.empty())
    task.announced->profile = wire::decode_task_profile(result.metadata);
  if (!result.carried.copies.empty() && !result.carried.copies.front().empty()) {
    task.phase = Task::Phase::fetching;  // and over at once
    return deliver(found, Bytes::copy_of(result.carried.copies.front().view()), out);
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
    out.notices.emplace_back(
        Finished{token, task.failed, true, task.announced->profile, std::move(payload)});
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
  for (const TaskArgument& argument : task.arguments.view()) {
    if (!argument.own) continue;
    release(argument.id);
    release_urgent = release_urgent || argument.large;
  }
  if (task.common) {
    auto& [id, function] = *task.common->function;
    if (--function.tasks_open == 0 && function.released) release_kept(kept.find(id));
  }
  if (task.phase != Task::Phase::sent) {
    const ObjectId result = task.announced->result;
    fetches.erase(result);
    fetch_limits.erase(result);
    const auto graph = task.of_graph ? graphs.find(graph_key_of(at->first)) : graphs.end();
    if (graph != graphs.end())
      graph->second.own.push_back(result);  // another node may still read it
    else
      release(result);
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
