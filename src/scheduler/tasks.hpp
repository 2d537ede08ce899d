#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/wire/messages.hpp"
#include "scheduler/id_index.hpp"
#include "scheduler/intrusive.hpp"
#include "scheduler/task_state.hpp"

namespace scaler::scheduler {

// What a task takes that is not there yet: its worker makes it before, under this id.
struct Awaited {
  TaskId node;
  ObjectId object;
};

// A message of our making: a node of a graph, or a task that gave up the copies it carried.
struct OwnMessage {
  wire::Task said;
  Index near = none;  // the worker that made what it takes; perhaps gone, perhaps another by now
  std::optional<Awaited> awaited;  // of a task that was sent ahead
  bool owner_wants_copy = true;    // of the result
};

// What a worker is sent: the frame as it came (packed, if it had to wait), or our own message.
using TaskBody = std::variant<Bytes, std::unique_ptr<OwnMessage>>;

// The objects that a task takes, as places in the registry, which it holds: two of them beside the
// task, more in a table of their own.
struct Arguments {
  std::array<Index, 2> beside{none, none};  // none, n: entry n of the table
};

// One task, in 112 bytes. It is in exactly one of two lists through `place`: a waiting queue
// (inactive) or its worker's list (every other state).
struct Task {
  TaskBody body;
  TaskId id;
  std::uint64_t arrival = 0;      // order of admission
  Index client = none;            // its owner
  Index label = none;             // its capabilities, interned
  Index function = none;          // in the registry, and held there
  Index worker = none;            // its holder; none while inactive
  Index previous_holder = 0;      // serial of the worker that held it before a rerun; 0: none
  Index graph = none;             // of which it is a node
  std::uint32_t copies_cost = 0;  // of what its body carries, taken from the budget
  Arguments arguments;
  Link place;
  Link of_client;
  std::uint16_t reruns = 0;  // after a lost worker; stays at its highest value
  State state = State::inactive;
  bool nested : 1 = false;        // submitted from inside a task: passes queue limits
  bool force : 1 = false;         // canceling: the client wants it killed
  bool asked_gently : 1 = false;  // canceling: but the worker was only asked without force
  bool started : 1 = false;       // its worker said that it runs: balancing leaves it alone
  bool packed : 1 = false;        // the body is a packed frame,
  bool patterned : 1 = false;     // by its owner's pattern
  bool ahead : 1 = false;         // sent although it awaits a task before it on the same worker,
  bool leads : 1 = false;         // namely one like this: both stay there
};
static_assert(sizeof(Task) <= 112);

inline const OwnMessage* own_message_of(const Task& task) {
  const auto* own = std::get_if<std::unique_ptr<OwnMessage>>(&task.body);
  return own == nullptr ? nullptr : own->get();
}

using ClientTasks = List<Task, &Task::of_client>;
using PlacedTasks = List<Task, &Task::place>;

// All live tasks by id, and how many are and were in each state.
class TaskTable {
 public:
  explicit TaskTable(std::uint64_t hash_key) : by_id_(hash_key) {}

  Index find(const TaskId& id) const { return by_id_.find(id, pool_); }
  // Inactive, with a new arrival stamp; its id must be new.
  Index insert(Task task);
  void erase(Index index);  // its end must have been counted

  void change_state(Index index, State to);              // between live states, not to abandoned
  void count_end(Index index, wire::TaskState outcome);  // takes it out of its gauge
  void abandon(Index index, wire::TaskState outcome);    // counts the end, keeps the record
  void count_return(Index index);                        // it goes back to whoever submitted it

  // This task ends soon, and the one after it later. A burst over many tasks otherwise waits for
  // memory three times a task: for the record, for its place in the index, for its frame.
  void prefetch(Index index, Index later) const;
  // This task ends now: its frame and its neighbours in both lists are asked for together.
  void prefetch_end(Index index) const;

  Task& operator[](Index index) { return pool_[index]; }
  const Task& operator[](Index index) const { return pool_[index]; }
  Pool<Task>& pool() { return pool_; }
  const Pool<Task>& pool() const { return pool_; }
  std::size_t size() const { return pool_.size(); }

  // What a task holds besides its function. set_arguments() once, before the task is erased.
  void set_arguments(Index index, std::vector<Index> objects);
  std::span<const Index> arguments_of(Index index) const;

  // Gauges for live states, totals since start for terminal ones.
  std::uint64_t count(wire::TaskState state) const {
    return counts_[static_cast<std::size_t>(state)];
  }

 private:
  std::uint64_t& counter(wire::TaskState state) { return counts_[static_cast<std::size_t>(state)]; }
  Pool<Task> pool_;
  IdIndex by_id_;
  Pool<std::vector<Index>> many_arguments_;
  std::uint64_t next_arrival_ = 1;
  std::array<std::uint64_t, 11> counts_{};
};

}  // namespace scaler::scheduler
