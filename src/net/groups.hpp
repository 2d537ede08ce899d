#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "scaler/net/loop.hpp"
#include "scaler/net/timer.hpp"

namespace scaler::net {

// Process groups that children of this process lead, and what ends those of them that outlive their
// leader: SIGTERM when it ends, SIGKILL some time later. A group's number may be a stranger's as
// soon as nobody is left in it. So it is signalled only while a child of ours that has not been
// reaped is in it: first the leader, then the orphans that it leaves, which come to us.
class ProcessGroups {
 public:
  explicit ProcessGroups(Loop& loop) : loop_(loop) {}
  void add(int leader, Duration patience);  // whose own group exists
  void forget(int leader) { groups_.erase(leader); }
  bool empty() const { return groups_.empty(); }
  void on_ended(int pid);  // any child of ours, before it is reaped

 private:
  struct Group {
    Duration patience{};
    bool has_leader = true;
    std::unique_ptr<Timer> timer = {};
  };
  void end(int number, Group& group);
  void kill_late(int number);

  Loop& loop_;
  std::unordered_map<int, Group> groups_;
};

// Children of this process that run, but for those with a session of their own.
std::vector<int> running_children_of_this_session();

// For the last moments of this process, and it blocks: kills these children, each with its group,
// and ends every other child of this session, whoever left it to us, by SIGTERM and `patience`
// later by SIGKILL. Children with a session of their own, and those spared, live on.
void end_children(const std::vector<int>& killed, const std::vector<int>& spared,
                  Duration patience);

}  // namespace scaler::net
