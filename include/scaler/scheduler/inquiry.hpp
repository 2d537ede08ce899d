#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/wire/messages.hpp"

// What a scheduler says of itself when somebody asks. Plain data; src/view turns it into text.
namespace scaler::scheduler {

// Where a task is.
enum class Standing : std::uint8_t {
  unknown,            // it never came, or it has ended
  waiting,            // in a queue, for a worker
  waits_for_inputs,   // a node of a graph whose inputs are not there yet
  running,            // a worker has it
  canceling,          // its worker was asked to drop it, for its client
  balance_canceling,  // its worker was asked to give it back
  graph               // the id stands for a whole graph
};

// Why a waiting task has no worker. The first that holds.
enum class Cause : std::uint8_t {
  no_workers,          // nobody is connected
  nobody_offers,       // capabilities (`missing`) that no worker has
  nobody_offers_all,   // each is offered, but by no worker together
  nobody_takes_tasks,  // those that could are draining, away for a moment, or take none at all
  all_full,            // those that could have no free place in their queues
  hand_back,           // a lost worker's tasks are put back first
  turn_is_near         // somebody has room: it is placed as soon as those before it are
};

struct Explanation {
  TaskId id;
  Standing standing = Standing::unknown;
  Bytes client;
  Bytes function;  // its name
  wire::Capabilities asks_for;
  std::uint32_t reruns = 0;  // because of lost workers
  std::uint32_t reruns_max = 0;

  // waiting
  Cause cause = Cause::no_workers;
  std::vector<std::string> missing;
  std::uint32_t workers_present = 0;
  std::uint32_t workers_suitable = 0;  // that offer all and take tasks
  std::uint32_t workers_full = 0;      // of them
  std::uint64_t ahead = 0;             // tasks before it in its queue
  bool ahead_is_exact = true;          // false: counting stopped there
  Bytes ahead_client;                  // whose tasks most of them are
  std::uint64_t ahead_of_client = 0;

  // running, canceling, balance_canceling
  Bytes worker;
  bool worker_is_away = false;  // its connection closed a moment ago
  bool worker_drains = false;
  bool has_started = false;      // its worker said so; else it may wait in the worker's queue
  std::uint32_t before_it = 0;   // tasks that the worker was given earlier and still has
  std::uint32_t processors = 0;  // of the worker, as it said last

  // waits_for_inputs, graph
  TaskId graph;
  std::vector<TaskId> inputs;  // not there yet; some of them when there are many
  std::uint32_t inputs_missing = 0;
  std::uint32_t nodes = 0;
  std::uint32_t nodes_unfinished = 0;
  std::uint32_t nodes_active = 0;  // of them in a queue or on a worker
};

// Which unfinished tasks to list. Empty text: any.
struct TaskFilter {
  std::string state;   // "waiting", "running", "canceling"
  std::string client;  // part of an identity
  std::string worker;
  std::uint32_t limit = 100;
};
struct TaskLine {
  TaskId id;
  Standing standing = Standing::waiting;
  Bytes client;
  Bytes worker;
  Bytes function;
  wire::Capabilities asks_for;
};
struct TaskList {
  std::vector<TaskLine> tasks;
  std::uint64_t unfinished = 0;  // in all, whatever the filter
  bool complete = true;          // false: there may be more that fit the filter
};

enum class DrainResult : std::uint8_t { begun, already, idle, no_such_worker, several };
struct DrainAnswer {
  DrainResult result = DrainResult::no_such_worker;
  Bytes worker;
  std::uint32_t asked_back = 0;   // tasks that it may not have started
  std::vector<Bytes> candidates;  // several: some of those that the text fits
};

}  // namespace scaler::scheduler
