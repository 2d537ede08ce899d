#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scaler/scheduler/scaling.hpp"

namespace scaler::sim {

// What the peer's scheduler sees at the heartbeat of one manager.
struct PeerView {
  struct Worker {
    std::string id;
    std::string manager;
    scheduler::CapabilityNames names;
    std::uint32_t queued = 0;
  };
  struct Manager {
    std::string id;
    std::uint32_t workers_max = 0;
    scheduler::CapabilityNames names;
  };
  std::vector<scheduler::TaskDemand> demand;
  std::vector<Worker> workers;    // of the whole cluster
  std::vector<Manager> managers;  // online
  std::size_t self = 0;           // whose heartbeat it is
  std::uint32_t pending = 0;      // its starts that brought no worker yet
};

struct PeerCommands {
  std::uint32_t starts = 0;
  std::vector<std::string> stops;
};

// The rules of release 2.0.9, which looks at one manager at a time, starts one worker for a
// heartbeat and group, and stops those with the shortest queues, whatever they run.
PeerCommands peer_commands(scheduler::ScalingPolicy policy,
                           const std::vector<scheduler::WaterfallRule>& rules,
                           const PeerView& view);

}  // namespace scaler::sim
