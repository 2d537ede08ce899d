#include "net/groups.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "scaler/base/log.hpp"

namespace scaler::net {
namespace {

// Whether a child of ours in this group still runs. One that is only unreaped can neither stop nor
// continue, so the system says that there is nobody to wait for.
bool has_running_child(int group) {
  siginfo_t info{};
  return ::waitid(P_PGID, static_cast<id_t>(group), &info, WSTOPPED | WNOHANG | WNOWAIT) == 0;
}

bool is_running(int child) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

// A stopped process takes SIGTERM when it continues.
void ask_to_end(int target) {
  ::kill(target, SIGTERM);
  ::kill(target, SIGCONT);
}

void pause_for(Duration time) {
  timespec left{0, std::chrono::nanoseconds(time).count()};
  ::nanosleep(&left, nullptr);
}

constexpr Duration look_interval = 2ms;
constexpr int last_looks_max = 1000;  // each may find what the killed ones left

void ask_all_to_end(const std::vector<int>& children, const std::vector<int>& groups) {
  for (const int group : groups) ask_to_end(-group);
  for (const int child : children)
    if (std::ranges::find(groups, ::getpgid(child)) == groups.end()) ask_to_end(child);
}

std::vector<int> left_but(const std::vector<int>& spared) {
  std::vector<int> left = running_children_of_this_session();
  std::erase_if(left, [&](int pid) { return std::ranges::find(spared, pid) != spared.end(); });
  return left;
}

}  // namespace

std::vector<int> running_children_of_this_session() {
  std::vector<int> found;
  const pid_t session = ::getsid(0);
  std::error_code ignored;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    std::ifstream children(thread.path() / "children");
    for (int pid = 0; children >> pid;)
      if (::getsid(pid) == session && is_running(pid)) found.push_back(pid);
  }
  return found;
}

void ProcessGroups::add(int leader, Duration patience) {
  groups_.insert_or_assign(leader, Group{patience});
}

void ProcessGroups::on_ended(int pid) {
  auto found = groups_.find(pid);
  if (found != groups_.end())
    found->second.has_leader = false;
  else
    found = groups_.find(::getpgid(pid));
  if (found == groups_.end() || found->second.has_leader) return;
  const int number = found->first;
  if (has_running_child(number)) {
    if (!found->second.timer) end(number, found->second);
    return;
  }
  ::kill(-number, SIGKILL);  // whoever is left has a parent that is not in the group
  groups_.erase(number);
}

void ProcessGroups::end(int number, Group& group) {
  log::info("what process {} left running is ended", number);
  ask_to_end(-number);
  group.timer = std::make_unique<Timer>(loop_, [this, number] { kill_late(number); });
  group.timer->start(group.patience);
}

void ProcessGroups::kill_late(int number) {
  if (!has_running_child(number)) {  // they went to other groups
    groups_.erase(number);
    return;
  }
  log::warning("what process {} left running does not end in time, send SIGKILL", number);
  ::kill(-number, SIGKILL);
}

void end_children(const std::vector<int>& killed, const std::vector<int>& spared,
                  Duration patience) {
  for (const int pid : killed) ::kill(pid, SIGKILL);
  siginfo_t info{};
  for (const int pid : killed)  // not reaped, so that the numbers of their groups stay theirs
    while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR) {
    }
  auto left = left_but(spared);
  if (!left.empty()) {
    log::info("{} processes that tasks left running are ended", left.size());
    ask_all_to_end(left, killed);
    for (Duration waited{}; waited < patience && !left.empty(); waited += look_interval) {
      pause_for(look_interval);
      left = left_but(spared);
    }
  }
  for (const int pid : killed) ::kill(-pid, SIGKILL);
  for (int look = 0; look < last_looks_max; ++look) {
    left = left_but(spared);
    if (left.empty()) break;
    for (const int pid : left) ::kill(pid, SIGKILL);
    pause_for(look_interval);
  }
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

}  // namespace scaler::net
