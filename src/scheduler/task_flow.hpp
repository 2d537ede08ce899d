#pragma once

#include <vector>

#include "scaler/base/log.hpp"
#include "scaler/scheduler/scheduler.hpp"
#include "scheduler/clients.hpp"
#include "scheduler/copies.hpp"
#include "scheduler/monitor.hpp"
#include "scheduler/objects.hpp"
#include "scheduler/placement.hpp"
#include "scheduler/tasks.hpp"
#include "scheduler/workers.hpp"

namespace scaler::scheduler {

// A node of a graph has ended, or is given back; the graph engine hears of it after the handler
// that caused it.
struct NodeEnd {
  Index graph;
  TaskId node;
  wire::TaskState outcome;
  wire::TaskResult said;  // empty if it has none
  Index worker = none;    // that ended it, if one did
  // Sent ahead, and no longer where what it awaits is made: it has not run, and may be sent again.
  std::unique_ptr<OwnMessage> returned{};
};

// A node is on a worker that gives its result the id it was told: what takes it may follow.
struct NodePlaced {
  Index graph;
  TaskId node;
};

// Moves tasks through task_state.hpp's table: keeps their place in every list, asks workers,
// answers owners, and holds what tasks take until they end. Knows nothing of graphs, beyond noting
// that a node has ended.
class TaskFlow {
 public:
  TaskFlow(const Options& options, Scheduler::Counters& counters, TaskTable& tasks,
           ClientTable& clients, WorkerTable& workers, Placement& placement,
           ObjectRegistry& objects, const Monitor& monitor);

  struct Submission {
    Index client;
    const wire::Task& task;  // what is decided on
    TaskBody body;           // what is sent
    bool nested = false;
    Index graph = none;
    Index ahead_of = none;  // sent behind this task, which follow_room() is true of
  };
  // The id must be new. Over the waiting limit the task is answered at once with
  // failed_worker_died.
  void submit(Submission submission, Turn& turn);
  bool has_room() const;  // under the waiting limit

  // May a task that awaits the result of `lead` be sent after it, to the same worker? Only where
  // everything is of that one graph and nearly nothing waits: elsewhere a free worker would have it
  // sooner.
  bool follow_room(Index lead, const wire::Capabilities& needed) const;
  // What a task was sent ahead of has come, under the id that it was told of, or another one: then
  // the task is asked back, if it has not run.
  void awaited_came(Index task, const ObjectId& result, Turn& turn);

  CopyBudget& copies() { return copies_; }

  // A user's cancel. `frame` (or nothing) is the client's own message, passed on as it is.
  void cancel(Index task, bool force, Bytes frame, Turn& turn);
  void balance_cancel(Index task, Turn& turn);

  // What workers say; refused (false) if it is not theirs to say.
  bool on_result(Index task, Index worker, wire::TaskResult result, Bytes frame, Turn& turn);
  bool on_confirm(Index task, Index worker, wire::CancelConfirmType type, Bytes frame, Turn& turn);

  enum class Blame : std::uint8_t { nobody, worker };  // worker: counts as a rerun of the task
  void worker_gone(Index task, Blame blame, Turn& turn);
  // Its worker is back on a new connection: messages may have been lost either way, so the task is
  // asked back. If it runs the worker keeps it; if it never got it, or finished it unheard, it runs
  // again.
  void ask_back(Index task, Turn& turn);
  // Those that the worker may not have started; gives their number.
  std::uint32_t ask_back_unstarted(Index worker, Turn& turn);

  // Answers a node of a failed graph with `reply`. If a worker has it, it is told to drop it, and
  // what it still says is swallowed.
  void fail_node(Index task, wire::TaskState outcome, Reply reply, Turn& turn);

  void prefetch_end(Index task) const;  // it ends now: all that this touches is asked for together
  bool place_one(Turn& turn);           // false: nobody can be placed
  void announce_waiting(Turn& turn);    // monitor events for what placement left over

  const TaskTable& tasks() const { return tasks_; }
  std::vector<NodeEnd> take_ended_nodes() { return std::exchange(ended_nodes_, {}); }
  std::vector<NodePlaced> take_placed_nodes() { return std::exchange(placed_nodes_, {}); }

 private:
  void count_copies(Submission& submission, Task& task);
  void hold_arguments(Index task, const wire::Task& said);
  void pack(Index task);  // it will have to wait
  Bytes frame_of(const Task& task) const;
  void place(Index task, Index worker, Turn& turn);
  void no_longer_ahead(Index task);
  void give_back(Index task, Turn& turn);
  void requeue(Index task, Turn& turn);
  void rerun(Index task, Blame blame, Turn& turn);
  void take_from_worker(Index task, Turn& turn);
  void set_state(Index task, State to);
  void leave_state(Index task);
  void ask_to_cancel(Index task, bool force, Bytes frame, Turn& turn);
  void resume(Index task, Turn& turn);
  void note_name(Index task, Index worker, const wire::TaskResult& result);
  void answer(Index task, wire::TaskResult result, Bytes frame, Turn& turn);
  void confirm(Index task, wire::CancelConfirmType type, Turn& turn);
  void swallow(Index task, const std::vector<ObjectId>& results, Turn& turn);
  void end(Index task, wire::TaskState outcome, Reply reply, wire::TaskResult said, Turn& turn);
  void remove(Index task, Turn& turn);
  bool owner_is_gone(Index task) const;
  std::uint32_t serial_of_owner(Index task) const { return clients_[tasks_[task].client].serial; }

  const Options& options_;
  Scheduler::Counters& counters_;
  TaskTable& tasks_;
  ClientTable& clients_;
  WorkerTable& workers_;
  Placement& placement_;
  ObjectRegistry& objects_;
  const Monitor& monitor_;
  CopyBudget copies_;
  std::vector<NodeEnd> ended_nodes_;
  std::vector<NodePlaced> placed_nodes_;
  std::vector<TaskId> queued_lately_;  // only while somebody listens
  log::RateLimit odd_results_{5, 10s};
};

}  // namespace scaler::scheduler
