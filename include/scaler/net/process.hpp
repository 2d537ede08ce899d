#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scaler/base/result.hpp"
#include "scaler/net/loop.hpp"

namespace scaler::net {

// How a child ended.
struct ExitStatus {
  int code = 0;  // if signal is 0
  int signal = 0;
  std::string describe() const;  // "exit code 3", "signal 9 (Killed)"
};

struct SpawnOptions {
  std::vector<std::string> arguments;                            // arguments[0] is the file to run
  std::vector<std::pair<std::string, std::string>> environment;  // added to ours
  std::vector<std::pair<int, int>>
      descriptors;           // {ours, its number in the child}; all others are closed
  int death_signal = 9;      // sent to the child when this process dies; 0: none
  std::string program = {};  // the file to run, when it is not arguments[0]
};

// The children of this process, its adopted grandchildren included: one SIGCHLD handler and
// waitpid(-1), because processors reach us by reparenting (PR_SET_CHILD_SUBREAPER). At most one per
// loop.
class Children {
 public:
  explicit Children(Loop& loop);
  ~Children();
  Result<int> spawn(const SpawnOptions& options);  // the child's pid

  // fn runs once, when `pid` ends; at once in the next turn if it has ended already and nobody
  // watched. Unwatched ends of unknown pids are reaped and remembered for a while.
  void watch(int pid, std::function<void(ExitStatus)> fn);
  void unwatch(int pid);
  void adopt_orphans();  // become the subreaper

  // As watch(), for a child that leads a process group. Whoever is left of the group when the child
  // ends is ended too: SIGTERM at once, SIGKILL `patience` later. fn does not wait for that. Needs
  // adopt_orphans().
  void watch_leader(int pid, Duration patience, std::function<void(ExitStatus)> fn);

  // For the last moments of this process, and it blocks: kills these children, each with the group
  // that it leads, and ends all other children of this session, the adopted ones, by SIGTERM and
  // `patience` later by SIGKILL. Who has made a session of its own lives on. Nobody is told.
  void end_all(const std::vector<int>& killed, Duration patience);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::net
