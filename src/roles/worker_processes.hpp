#pragma once

#include <functional>
#include <map>
#include <string>

#include "scaler/config/options.hpp"
#include "scaler/manager/crew.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/process.hpp"

namespace scaler::roles {

// The processes of a manager's workers: performs what a crew asks for, and says how it went. All
// are killed when this process dies.
class WorkerProcesses {
 public:
  struct Events {
    std::function<void(const std::string& id, const std::string& why)> on_not_started;
    std::function<void(const std::string& id, const manager::WorkerEnd& end)> on_ended;
  };
  WorkerProcesses(net::Loop& loop, const config::WorkerManagerOptions& options, Events events);

  // Events may come from inside, for workers that could not be started.
  void perform(const manager::Effects& effects);
  void reopen_logs();  // tells all of them
  std::size_t count() const { return pids_.size(); }

 private:
  void start(const manager::StartWorker& order);

  config::WorkerOptions shared_;  // all but the worker's id
  Events events_;
  net::Children children_;
  std::map<std::string, int> pids_;
};

}  // namespace scaler::roles
