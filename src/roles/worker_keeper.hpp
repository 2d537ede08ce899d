#pragma once

#include <utility>

#include "roles/role_signals.hpp"
#include "roles/worker_processes.hpp"
#include "scaler/base/log.hpp"
#include "scaler/config/values.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::roles {

// What all roles with workers of their own have in common: the processes that a pure core wants
// started and ended, its deadlines, and the signals that stop it. The role calls perform() and then
// wait() at the end of each turn. A core says take_effects(), next_deadline() and crew(), and hears
// of on_not_started(), on_ended(), on_deadline() and stop().
template <class Core>
class WorkerKeeper {
 public:
  WorkerKeeper(net::Loop& loop, const config::WorkerManagerOptions& options, Core& core)
      : loop_(loop),
        core_(core),
        processes_(
            loop, options,
            {[this](const auto& id, const auto& why) {
               core_.on_not_started(id, why, loop_.now());
             },
             [this](const auto& id, const auto& end) { core_.on_ended(id, end, loop_.now()); }}),
        signals_(
            loop, [this](const char* name) { stop(name); }, [this] { processes_.reopen_logs(); }),
        deadline_(loop, [this] { core_.on_deadline(loop_.now()); }) {}

  void perform() {
    for (auto effects = core_.take_effects(); !effects.empty(); effects = core_.take_effects())
      processes_.perform(effects);
  }
  void wait() {
    if (const auto next = core_.next_deadline())
      deadline_.start_at(*next);
    else
      deadline_.stop();
  }
  void rest() { deadline_.stop(); }
  int exit_code() const { return core_.crew().failure() ? 1 : 0; }

 private:
  void stop(const char* signal) {
    if (!std::exchange(stopping_, true)) log::info("received signal {}, stopping workers", signal);
    core_.stop(loop_.now());
  }

  net::Loop& loop_;
  Core& core_;
  WorkerProcesses processes_;
  RoleSignals signals_;
  net::Timer deadline_;
  bool stopping_ = false;
};

// Of workers with these options, which have been checked.
inline wire::Capabilities capabilities_of(const config::WorkerTuning& tuning) {
  wire::Capabilities capabilities;
  if (auto parsed = config::parse_capabilities(tuning.per_worker_capabilities))
    for (auto& [name, value] : *parsed) capabilities.push_back({name, value});
  return capabilities;
}

}  // namespace scaler::roles
