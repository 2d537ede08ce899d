#include "scheduler/task_flow.hpp"

#include <limits>

#include "scheduler/packed_frame.hpp"
#include "scheduler/say.hpp"

namespace scaler::scheduler {

namespace {

// Tasks that one worker has at most, where some are sent ahead. More than the tasks of a moment's
// work gain nothing, and would look like load to those who count workers.
constexpr std::uint32_t sent_ahead_max = 8;

wire::TaskResult worker_died(const TaskId& id) {
  return {id, wire::TaskResultType::failed_worker_died, {}, {}};
}

// Clients end on a result with other metadata, or with more or fewer ids, than they expect.
bool fits_clients(const wire::TaskResult& result) {
  const std::size_t wanted = result.type == wire::TaskResultType::failed_worker_died ? 0 : 1;
  return result.results.size() == wanted &&
         (result.metadata.empty() || result.metadata.size() == 16);
}

}  // namespace

TaskFlow::TaskFlow(const Options& options, Scheduler::Counters& counters, TaskTable& tasks,
                   ClientTable& clients, WorkerTable& workers, Placement& placement,
                   ObjectRegistry& objects, const Monitor& monitor)
    : options_(options),
      counters_(counters),
      tasks_(tasks),
      clients_(clients),
      workers_(workers),
      placement_(placement),
      objects_(objects),
      monitor_(monitor),
      copies_(options.copies_bytes_max) {}

// ---- coming in, being placed ----

bool TaskFlow::has_room() const {
  return options_.tasks_waiting_max < 0 ||
         placement_.waiting() <= static_cast<std::uint64_t>(options_.tasks_waiting_max);
}

void TaskFlow::submit(Submission submission, Turn& turn) {
  Task task;
  task.id = submission.task.id;
  count_copies(submission, task);
  task.body = std::move(submission.body);
  task.client = submission.client;
  task.label = placement_.intern(submission.task.capabilities);
  task.graph = submission.graph;
  task.nested = submission.nested;
  task.function = objects_.hold(submission.task.function);
  const Index index = tasks_.insert(std::move(task));
  hold_arguments(index, submission.task);
  clients_[submission.client].tasks.push_back(tasks_.pool(), index);
  ++counters_.tasks_accepted;
  if (submission.ahead_of != none) {
    tasks_[index].ahead = true;
    placement_.count_ahead(tasks_[index].label);
    tasks_[submission.ahead_of].leads = true;
    ++counters_.tasks_sent_ahead;
    return place(index, tasks_[submission.ahead_of].worker, turn);
  }
  placement_.push_back(index);
  if (!placement_.has_place_for(index)) pack(index);
  if (monitor_.on()) queued_lately_.push_back(tasks_[index].id);

  if (has_room() || submission.nested || submission.graph != none) return;
  while (tasks_[index].state == State::inactive && place_one(turn)) {
  }
  if (tasks_[index].state == State::inactive && !has_room())
    answer(index, worker_died(tasks_[index].id), {}, turn);
}

void TaskFlow::hold_arguments(Index index, const wire::Task& said) {
  std::vector<Index> held;
  held.reserve(said.arguments.size());
  for (const auto& argument : said.arguments)
    held.push_back(objects_.hold(std::get<ObjectId>(argument)));
  tasks_.set_arguments(index, std::move(held));
}

void TaskFlow::prefetch_end(Index index) const {
  tasks_.prefetch_end(index);
  for (const Index object : tasks_.arguments_of(index)) objects_.prefetch(object);
}

// Too many copies wait: this task goes without its own.
void TaskFlow::count_copies(Submission& submission, Task& task) {
  const wire::Carried& carried = submission.task.carried;
  if (carried.copies.empty()) return;
  auto* own = std::get_if<std::unique_ptr<OwnMessage>>(&submission.body);
  task.copies_cost = own != nullptr ? cost_alone(carried.copies) : cost_in_frame(carried);
  if (copies_.take(task.copies_cost)) return;
  task.copies_cost = 0;
  if (own != nullptr) {
    (*own)->said.carried.copies.clear();
    return;
  }
  auto lighter = std::make_unique<OwnMessage>();
  lighter->said = submission.task;
  lighter->said.carried.copies.clear();
  lighter->said.source = clients_[submission.client].identity;  // not a part of the frame
  lighter->said.metadata = Bytes::copy_of(submission.task.metadata.view());
  submission.body = std::move(lighter);
}

// A client's tasks differ in little more than their ids.
void TaskFlow::pack(Index index) {
  Task& task = tasks_[index];
  auto* frame = std::get_if<Bytes>(&task.body);
  if (frame == nullptr) return;
  Bytes& pattern = clients_[task.client].pattern;
  std::optional<Bytes> packed;
  if (!frame->empty() && pattern.size() == frame->size()) packed = pack_frame(*frame, pattern);
  task.patterned = packed.has_value();
  if (!packed) packed = pack_frame(*frame);
  if (!packed) return;
  if (pattern.empty()) pattern = Bytes::copy_of(frame->view());
  *frame = std::move(*packed);
  task.packed = true;
}

Bytes TaskFlow::frame_of(const Task& task) const {
  const Bytes& frame = std::get<Bytes>(task.body);
  if (!task.packed) return frame;
  return unpack_frame(frame, task.patterned ? clients_[task.client].pattern.view() : ByteView{});
}

bool TaskFlow::place_one(Turn& turn) {
  const auto choice = placement_.next();
  if (!choice) return false;
  place(choice->task, choice->worker, turn);
  return true;
}

// The task is in no queue.
void TaskFlow::place(Index task, Index worker, Turn& turn) {
  set_state(task, State::running);
  const Client& owner = clients_[tasks_[task].client];
  workers_.attach(worker, tasks_, task, owner.serial, owner.identity, turn.now);
  placement_.reload(worker);
  SCALER_ASSERT(workers_[worker].peer, "a task is placed on a worker without a connection");
  const PeerId peer = *workers_[worker].peer;
  const OwnMessage* own = own_message_of(tasks_[task]);
  if (own == nullptr)
    turn.out.push_back(Forward{peer, frame_of(tasks_[task])});
  else
    turn.out.push_back(Send{peer, own->said});
  monitor_.task_runs(task, turn);
  if (own != nullptr && own->said.carried.result_id && workers_[worker].names_results)
    placed_nodes_.push_back({tasks_[task].graph, tasks_[task].id});
}

// ---- tasks that are sent ahead ----

bool TaskFlow::follow_room(Index lead, const wire::Capabilities& needed) const {
  const Task& task = tasks_[lead];
  if (task.state != State::running) return false;
  const Worker& worker = workers_[task.worker];
  if (!worker.names_results || worker.group == none || worker.load() >= sent_ahead_max ||
      worker.free_places() == 0 || placement_.capabilities_of(task.label) != needed)
    return false;
  for (Index at = worker.tasks.head; at != none; at = PlacedTasks::next_of(tasks_.pool(), at))
    if (tasks_[at].graph != task.graph) return false;
  return true;
}

void TaskFlow::awaited_came(Index index, const ObjectId& result, Turn& turn) {
  if (own_message_of(tasks_[index])->awaited->object != result) return balance_cancel(index, turn);
  no_longer_ahead(index);
}

void TaskFlow::no_longer_ahead(Index index) {
  if (!tasks_[index].ahead) return;
  tasks_[index].ahead = false;
  placement_.uncount_ahead(tasks_[index].label);
}

void TaskFlow::give_back(Index index, Turn& turn) {
  Task& task = tasks_[index];
  auto& own = std::get<std::unique_ptr<OwnMessage>>(task.body);
  ended_nodes_.push_back(
      {task.graph, task.id, wire::TaskState::inactive, {}, none, std::move(own)});
  tasks_.count_return(index);
  --counters_.tasks_accepted;
  remove(index, turn);
}

void TaskFlow::announce_waiting(Turn& turn) {
  for (const TaskId& id : queued_lately_) {
    const Index task = tasks_.find(id);
    if (task != none && tasks_[task].state == State::inactive) monitor_.task_waits(task, turn);
  }
  queued_lately_.clear();
}

// ---- cancelling ----

void TaskFlow::cancel(Index index, bool force, Bytes frame, Turn& turn) {
  Task& task = tasks_[index];
  const State before = task.state;
  switch (step_of(before, Event::user_cancel)) {
    case Step::canceled:
      return confirm(index, wire::CancelConfirmType::canceled, turn);
    case Step::cancel:
      set_state(index, State::canceling);
      task.force = force;
      // The question of a balance cancel is already under way; it is asked again, with force, if
      // the worker says no to that.
      task.asked_gently = before == State::balance_canceling || !force;
      if (before == State::running) ask_to_cancel(index, force, std::move(frame), turn);
      return monitor_.task_is_cancelled(index, turn);
    default:
      task.force = task.force || (force && before == State::canceling);
  }
}

void TaskFlow::balance_cancel(Index index, Turn& turn) {
  if (step_of(tasks_[index].state, Event::balance_cancel) != Step::balance) return;
  set_state(index, State::balance_canceling);
  workers_[tasks_[index].worker].asked_back_at = turn.now;
  ask_to_cancel(index, false, {}, turn);
  monitor_.task_is_cancelled(index, turn);
}

void TaskFlow::ask_to_cancel(Index index, bool force, Bytes frame, Turn& turn) {
  const auto& peer = workers_[tasks_[index].worker].peer;
  if (!peer) return;  // asked again when it is back, see ask_back
  if (!frame.empty())
    turn.out.push_back(Forward{*peer, std::move(frame)});
  else
    turn.out.push_back(Send{*peer, wire::TaskCancel{tasks_[index].id, force}});
}

void TaskFlow::ask_back(Index index, Turn& turn) {
  const Task& task = tasks_[index];
  if (task.state == State::running) return balance_cancel(index, turn);
  const bool wants_it_dead = task.state == State::abandoned ||
                             (task.state == State::canceling && task.force && !task.asked_gently);
  ask_to_cancel(index, wants_it_dead, {}, turn);
}

std::uint32_t TaskFlow::ask_back_unstarted(Index worker, Turn& turn) {
  std::uint32_t asked = 0;
  Index next = none;
  for (Index task = workers_[worker].tasks.head; task != none; task = next) {
    next = PlacedTasks::next_of(tasks_.pool(), task);
    if (tasks_[task].state != State::running || tasks_[task].started) continue;
    balance_cancel(task, turn);
    ++asked;
  }
  return asked;
}

// ---- what workers say ----

bool TaskFlow::on_result(Index index, Index worker, wire::TaskResult result, Bytes frame,
                         Turn& turn) {
  const Task& task = tasks_[index];
  const bool from_holder = task.worker == worker;
  const bool from_previous = !from_holder && task.previous_holder == workers_[worker].serial &&
                             task.state != State::abandoned;
  if (!from_holder && !from_previous) return false;
  switch (step_of(task.state, Event::result)) {
    case Step::forget:
      swallow(index, result.results, turn);
      return true;
    case Step::answer:
      note_name(index, worker, result);
      if (from_previous && task.worker != none) ask_to_cancel(index, false, {}, turn);
      answer(index, std::move(result), std::move(frame), turn);
      return true;
    default:
      return false;
  }
}

void TaskFlow::note_name(Index index, Index worker, const wire::TaskResult& result) {
  const OwnMessage* own = own_message_of(tasks_[index]);
  if (own != nullptr && own->said.carried.result_id &&
      result.type == wire::TaskResultType::success && result.results.size() == 1)
    workers_[worker].names_results = result.results.front() == *own->said.carried.result_id;
}

bool TaskFlow::on_confirm(Index index, Index worker, wire::CancelConfirmType type, Bytes frame,
                          Turn& turn) {
  if (tasks_[index].worker != worker) return false;
  const auto event = static_cast<Event>(static_cast<unsigned>(Event::confirm_canceled) +
                                        static_cast<unsigned>(type));
  switch (step_of(tasks_[index].state, event)) {
    case Step::canceled:
    case Step::not_found:
      end(index,
          type == wire::CancelConfirmType::canceled ? wire::TaskState::canceled
                                                    : wire::TaskState::canceled_not_found,
          std::move(frame), {}, turn);
      return true;
    case Step::resume:
      resume(index, turn);
      return true;
    case Step::requeue:
      requeue(index, turn);
      return true;
    case Step::rerun:
      rerun(index, Blame::worker, turn);
      return true;
    case Step::forget:
      swallow(index, {}, turn);
      return true;
    default:
      return false;
  }
}

void TaskFlow::resume(Index index, Turn& turn) {
  Task& task = tasks_[index];
  task.started = true;
  if (task.state == State::canceling && task.force && task.asked_gently) {
    task.asked_gently = false;
    return ask_to_cancel(index, true, {}, turn);
  }
  set_state(index, State::running);
}

void TaskFlow::worker_gone(Index index, Blame blame, Turn& turn) {
  switch (step_of(tasks_[index].state, Event::worker_gone)) {
    case Step::canceled:
      return confirm(index, wire::CancelConfirmType::canceled, turn);
    case Step::forget:
      return swallow(index, {}, turn);
    case Step::rerun:
      return rerun(index, blame, turn);
    default:
      SCALER_ASSERT(false, "a waiting task has no worker to lose");
  }
}

// ---- back to the queue ----

void TaskFlow::requeue(Index index, Turn& turn) {
  if (owner_is_gone(index)) return confirm(index, wire::CancelConfirmType::canceled, turn);
  if (tasks_[index].ahead) return give_back(index, turn);
  tasks_[index].leads = false;
  take_from_worker(index, turn);
  set_state(index, State::inactive);
  tasks_[index].started = false;
  placement_.push_front(index);  // it has waited longer than those that never left the queue
  if (monitor_.on()) queued_lately_.push_back(tasks_[index].id);
}

void TaskFlow::rerun(Index index, Blame blame, Turn& turn) {
  if (owner_is_gone(index)) return confirm(index, wire::CancelConfirmType::canceled, turn);
  Task& task = tasks_[index];
  if (task.ahead) return give_back(index, turn);
  task.previous_holder = workers_[task.worker].serial;
  if (blame == Blame::worker && task.reruns < std::numeric_limits<std::uint16_t>::max())
    ++task.reruns;
  if (task.reruns > options_.task_retries_max) {
    log::warning("task {} lost its worker {} times and is given up", task.id.hex(), task.reruns);
    return answer(index, worker_died(task.id), {}, turn);
  }
  ++counters_.tasks_rerun;
  requeue(index, turn);
}

void TaskFlow::take_from_worker(Index index, Turn& turn) {
  const Index worker = tasks_[index].worker;
  leave_state(index);
  workers_.detach(tasks_, index, serial_of_owner(index), turn.now);
  placement_.reload(worker);
}

// Worker::leaving_tasks follows the state; a task is taken from its worker before the state
// changes.
void TaskFlow::set_state(Index index, State to) {
  leave_state(index);
  tasks_.change_state(index, to);
  if (to == State::balance_canceling) ++workers_[tasks_[index].worker].leaving_tasks;
}

void TaskFlow::leave_state(Index index) {
  const Task& task = tasks_[index];
  if (task.state == State::balance_canceling && task.worker != none)
    --workers_[task.worker].leaving_tasks;
}

// ---- ends ----

void TaskFlow::answer(Index index, wire::TaskResult result, Bytes frame, Turn& turn) {
  Reply reply = std::move(frame);
  if (!fits_clients(result)) {
    if (auto more = odd_results_.allow(turn.now))
      log::warning("result of task {} has {} ids and {} bytes of metadata; corrected ({} more)",
                   result.id.hex(), result.results.size(), result.metadata.size(), *more);
    if (result.metadata.size() != 16) result.metadata = {};
    if (result.results.size() != 1) result.type = wire::TaskResultType::failed_worker_died;
    if (result.type == wire::TaskResultType::failed_worker_died) result.results.clear();
    reply = Bytes{};
  }
  const OwnMessage* own = own_message_of(tasks_[index]);
  if (own != nullptr && !own->owner_wants_copy && !result.carried.empty()) {
    reply =
        wire::Message{wire::TaskResult{result.id, result.type, result.metadata, result.results}};
  } else if (std::get<Bytes>(reply).empty()) {
    reply = wire::Message{result};
  }
  end(index, wire_state(result.type), std::move(reply), std::move(result), turn);
}

void TaskFlow::confirm(Index index, wire::CancelConfirmType type, Turn& turn) {
  const auto outcome = type == wire::CancelConfirmType::canceled
                           ? wire::TaskState::canceled
                           : wire::TaskState::canceled_not_found;
  end(index, outcome, wire::Message{wire::TaskCancelConfirm{tasks_[index].id, type}}, {}, turn);
}

void TaskFlow::end(Index index, wire::TaskState outcome, Reply reply, wire::TaskResult said,
                   Turn& turn) {
  const Task& task = tasks_[index];
  clients_.reply(task.client, std::move(reply), turn.out);
  monitor_.task_ends(index, outcome, said.metadata, turn);
  if (task.graph != none)
    ended_nodes_.push_back({task.graph, task.id, outcome, std::move(said), task.worker});
  ++counters_.tasks_finished;
  tasks_.count_end(index, outcome);
  remove(index, turn);
}

void TaskFlow::fail_node(Index index, wire::TaskState outcome, Reply reply, Turn& turn) {
  Task& task = tasks_[index];
  task.graph = none;
  if (task.state == State::inactive) return end(index, outcome, std::move(reply), {}, turn);
  clients_.reply(task.client, std::move(reply), turn.out);
  monitor_.task_ends(index, outcome, {}, turn);
  ++counters_.tasks_finished;
  leave_state(index);
  tasks_.abandon(index, outcome);
  ask_to_cancel(index, true, {}, turn);
}

// The late result of an abandoned node is nobody's.
void TaskFlow::swallow(Index index, const std::vector<ObjectId>& results, Turn& turn) {
  for (const ObjectId& id : results) objects_.release(tasks_[index].client, id);
  remove(index, turn);
}

void TaskFlow::remove(Index index, Turn& turn) {
  const Task& task = tasks_[index];
  if (task.worker != none)
    take_from_worker(index, turn);
  else
    placement_.remove(index);
  clients_[task.client].tasks.remove(tasks_.pool(), index);
  clients_.note_if_idle(task.client);
  no_longer_ahead(index);
  placement_.release(task.label);
  copies_.give(task.copies_cost);
  objects_.let_go(task.function);
  const std::span<const Index> held = tasks_.arguments_of(index);
  for (const Index object : held) objects_.prefetch_end(object);
  for (const Index object : held) objects_.let_go(object);
  tasks_.erase(index);
}

bool TaskFlow::owner_is_gone(Index index) const {
  return clients_[tasks_[index].client].standing == ClientStanding::gone;
}

}  // namespace scaler::scheduler
