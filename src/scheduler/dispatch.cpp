#include "scheduler/impl.hpp"
#include "scheduler/say.hpp"
#include "scheduler/task_flags.hpp"

namespace scaler::scheduler {

namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace

void Scheduler::Impl::dispatch(Sender from, wire::Message& message, Bytes& frame, Turn& turn) {
  Connection& peer = from.connection;
  std::visit(
      Overloaded{
          [&](wire::Task& task) { on_task(from, task, frame, turn); },
          [&](wire::TaskCancel& cancel) { on_cancel(from, cancel, frame, turn); },
          [&](wire::TaskCancelConfirm& confirm) { on_confirm(from, confirm, frame, turn); },
          [&](wire::TaskResult& result) { on_result(from, result, frame, turn); },
          [&](wire::TaskLog& line) { on_log(from, line, frame, turn); },
          [&](wire::GraphTask& graph) { on_graph(from, graph, turn); },
          [&](wire::ObjectInstruction& instruction) {
            if (!object_desk.on_instruction(peer, instruction, turn))
              refuse(peer, "object instruction", turn);
          },
          [&](wire::ClientHeartbeat& heartbeat) {
            client_desk.on_heartbeat(from.peer, peer, heartbeat, turn);
          },
          [&](wire::ClientDisconnect& disconnect) { on_client_disconnect(from, disconnect, turn); },
          [&](wire::WorkerHeartbeat& heartbeat) {
            worker_desk.on_heartbeat(from.peer, peer, std::move(heartbeat), turn);
          },
          [&](wire::DisconnectRequest& request) {
            if (!worker_desk.names_itself(peer, request)) refuse(peer, "disconnect request", turn);
            worker_desk.on_disconnect_request(from.peer, peer, request, turn);
          },
          [&](wire::WorkerManagerHeartbeat& heartbeat) {
            peer.is_manager = true;
            if (const Manager* manager =
                    managers.on_heartbeat(from.peer, peer.identity, std::move(heartbeat), turn))
              scaling_desk.on_heartbeat(*manager, turn.now);
          },
          [&](wire::WorkerManagerCommandResponse& response) {
            if (!peer.is_manager) return refuse(peer, "command response", turn);
            scaling_desk.on_response(from.peer, response, turn);
          },
          // Information requests have no answer in any version; the rest is not for schedulers.
          [&](auto&) { refuse(peer, wire::kind_name(message), turn); },
      },
      message);
}

void Scheduler::Impl::refuse(const Connection& from, const char* what, Turn& turn) {
  ++counters.messages_refused;
  if (auto more = refusal_notes.allow(turn.now))
    log::warning("{} from {} refused ({} more)", what, printable(from.identity.text()), *more);
}

void Scheduler::Impl::note_life(const Connection& connection, TimePoint now) {
  if (connection.client != none) clients[connection.client].last_seen = now;
  if (connection.worker != none && workers[connection.worker].standing == WorkerStanding::present)
    workers[connection.worker].last_seen = now;
}

// ---- from clients ----

void Scheduler::Impl::on_task(Sender from, wire::Task& task, Bytes& frame, Turn& turn) {
  Connection& peer = from.connection;
  if (task.source != peer.identity) return refuse(peer, "task of another source", turn);
  if (tasks.find(task.id) != none || graphs.contains(task.id))
    return refuse(peer, "task with an id in use", turn);
  const auto flags = task_flags_of(task.metadata);
  if (!flags || takes_results_of_nodes(task)) {
    const auto died = wire::TaskResultType::failed_worker_died;
    turn.out.push_back(Send{from.peer, wire::TaskResult{task.id, died, {}, {}}});
    return refuse(peer, "task that no worker could run", turn);
  }
  const Index client = client_desk.client_of(from.peer, peer, turn.now);
  flow.submit({client, task, std::move(frame), flags->nested, none}, turn);
  scaling_desk.on_tasks(turn.now);
}

void Scheduler::Impl::on_graph(Sender from, wire::GraphTask& graph, Turn& turn) {
  Connection& peer = from.connection;
  if (graph.source != peer.identity) return refuse(peer, "graph of another source", turn);
  if (tasks.find(graph.id) != none || graphs.contains(graph.id))
    return refuse(peer, "graph with an id in use", turn);
  graphs.submit(client_desk.client_of(from.peer, peer, turn.now), std::move(graph));
  scaling_desk.on_tasks(turn.now);
}

void Scheduler::Impl::on_cancel(Sender from, const wire::TaskCancel& cancel, Bytes& frame,
                                Turn& turn) {
  const auto not_found = [&] {
    turn.out.push_back(Send{
        from.peer, wire::TaskCancelConfirm{cancel.id, wire::CancelConfirmType::cancel_not_found}});
  };
  const Index task = tasks.find(cancel.id);
  const Index owner = graphs.contains(cancel.id) ? graphs.owner_of(cancel.id)
                      : task != none             ? tasks[task].client
                                                 : none;
  if (owner == none) {
    if (!graphs.cancel_when_known(from.connection.client, cancel.id)) not_found();
    return;
  }
  if (owner != from.connection.client) {
    not_found();
    return refuse(from.connection, "cancel of another client's task", turn);
  }
  if (graphs.contains(cancel.id)) {
    if (!graphs.cancel(cancel.id)) not_found();
    return;
  }
  if (tasks[task].state == State::abandoned) return not_found();  // answered long ago
  flow.prefetch_end(task);
  flow.cancel(task, cancel.force, std::move(frame), turn);
}

void Scheduler::Impl::on_client_disconnect(Sender from, const wire::ClientDisconnect& message,
                                           Turn& turn) {
  if (message.type == wire::DisconnectType::disconnect)
    return client_desk.on_disconnect(from.connection, turn);
  const bool accepted = !options.is_protected;
  turn.out.push_back(Send{from.peer, wire::ClientShutdownResponse{accepted}});
  const std::string name = client_name(from.connection.identity);
  if (!accepted) return log::warning("{} asked for shutdown, but we are protected", name);
  log::info("{} asked for shutdown", name);
  worker_desk.shut_down_all(turn);
  turn.out.push_back(ShutDown{});
}

// ---- from workers ----

void Scheduler::Impl::on_result(Sender from, wire::TaskResult& result, Bytes& frame, Turn& turn) {
  const Index task = tasks.find(result.id);
  const Index worker = from.connection.worker;
  if (task == none || worker == none ||
      !flow.on_result(task, worker, std::move(result), std::move(frame), turn))
    refuse(from.connection, "result", turn);
}

void Scheduler::Impl::on_confirm(Sender from, const wire::TaskCancelConfirm& confirm, Bytes& frame,
                                 Turn& turn) {
  const Index task = tasks.find(confirm.id);
  const Index worker = from.connection.worker;
  if (task == none || worker == none ||
      !flow.on_confirm(task, worker, confirm.type, std::move(frame), turn))
    refuse(from.connection, "cancel confirm", turn);
}

void Scheduler::Impl::on_log(Sender from, const wire::TaskLog& line, Bytes& frame, Turn& turn) {
  const Index task = tasks.find(line.id);
  const Index worker = from.connection.worker;
  if (task == none || worker == none) return;  // a line that came after its task's end
  if (tasks[task].worker != worker && tasks[task].previous_holder != workers[worker].serial)
    return refuse(from.connection, "log line", turn);
  if (const auto& peer = clients[tasks[task].client].peer)
    turn.out.push_back(Forward{*peer, std::move(frame)});
}

}  // namespace scaler::scheduler
