#include "scaler/net/process.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/groups.hpp"
#include "net/job.hpp"
#include "net/lifetime.hpp"
#include "net/loop_impl.hpp"
#include "net/spawn.hpp"
#include "scaler/base/assert.hpp"
#include "scaler/net/timer.hpp"

namespace scaler::net {
namespace {

constexpr std::size_t remembered_max = 4096;
constexpr Duration remembered_for = 30s;  // longer than it takes to hear of a grandchild's pid

ExitStatus status_of(int raw) {
  if (WIFSIGNALED(raw)) return {0, WTERMSIG(raw)};
  return {WEXITSTATUS(raw), 0};
}

}  // namespace

std::string ExitStatus::describe() const {
  if (signal == 0) return fmt::format("exit code {}", code);
  const char* name = sigdescr_np(signal);
  return fmt::format("signal {} ({})", signal, name == nullptr ? "unknown" : name);
}

struct Children::Impl {
  struct Ended {
    int pid;
    ExitStatus status;
    TimePoint when;
  };

  explicit Impl(Loop& in)
      : loop(in),
        groups(in),
        on_child(loop, SIGCHLD, [this] { reap(); }),
        deliver_job(loop, Job::When::next_turn, [this] {
          reap();  // those that ended before the handler was there
        }) {
    SCALER_ASSERT(!std::exchange(LoopAccess::impl(loop).has_children, true),
                  "one Children per loop: waitpid(-1) would steal from another");
    deliver_job.schedule();
  }
  ~Impl() { LoopAccess::impl(loop).has_children = false; }

  void reap() {
    int raw = 0;
    for (pid_t pid = 0; (pid = next_ended()) != 0 && (pid = waitpid(pid, &raw, WNOHANG)) > 0;)
      ended.push_back({static_cast<int>(pid), status_of(raw), loop.now()});
    deliver();
  }

  // -1: any that has ended. With groups to look after it is one that has, and that they know of.
  pid_t next_ended() {
    if (groups.empty()) return -1;
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return 0;
    groups.on_ended(info.si_pid);
    return info.si_pid;
  }

  // Tells the watchers of those that have ended. Looks again from the start after each call, for it
  // may change everything.
  void deliver() {
    const Lifetime::Watch alive(lifetime);
    for (std::size_t i = 0; i < ended.size();) {
      const auto watcher = watchers.find(ended[i].pid);
      if (watcher == watchers.end()) {
        ++i;
        continue;
      }
      const auto fn = std::move(watcher->second);
      const ExitStatus status = ended[i].status;
      watchers.erase(watcher);
      ended.erase(ended.begin() + static_cast<std::ptrdiff_t>(i));
      fn(status);
      if (!alive) return;
      i = 0;
    }
    forget_old();
  }

  void forget_old() {
    while (!ended.empty() &&
           (ended.size() > remembered_max || loop.now() - ended.front().when > remembered_for))
      ended.pop_front();
  }

  void watch(int pid, std::function<void(ExitStatus)> fn) {
    watchers.insert_or_assign(pid, std::move(fn));
    deliver_job.schedule();
  }

  // The number is a new child's now, so nothing remembered about it is true any more.
  void forget(int pid) {
    std::erase_if(ended, [&](const Ended& entry) { return entry.pid == pid; });
    watchers.erase(pid);
    groups.forget(pid);
  }

  Loop& loop;
  ProcessGroups groups;
  std::unordered_map<int, std::function<void(ExitStatus)>> watchers;
  std::vector<int> earlier;  // children that the program before us started, and then became us
  std::deque<Ended> ended;   // unwatched, oldest first
  Signal on_child;
  Job deliver_job;
  Lifetime lifetime;
};

Children::Children(Loop& loop) : impl_(std::make_unique<Impl>(loop)) {}
Children::~Children() = default;

Result<int> Children::spawn(const SpawnOptions& options) {
  auto pid = spawn_process(options);
  if (pid) impl_->forget(*pid);
  return pid;
}

void Children::watch(int pid, std::function<void(ExitStatus)> fn) {
  impl_->watch(pid, std::move(fn));
}

void Children::unwatch(int pid) { impl_->watchers.erase(pid); }

void Children::watch_leader(int pid, Duration patience, std::function<void(ExitStatus)> fn) {
  const bool was_reaped = std::ranges::any_of(
      impl_->ended, [pid](const Impl::Ended& entry) { return entry.pid == pid; });
  if (!was_reaped) impl_->groups.add(pid, patience);
  impl_->watch(pid, std::move(fn));
}

void Children::end_all(const std::vector<int>& killed, Duration patience) {
  for (const int pid : killed) impl_->forget(pid);
  end_children(killed, impl_->earlier, patience);
}

void Children::adopt_orphans() {
  const int status = prctl(PR_SET_CHILD_SUBREAPER, 1);
  SCALER_ASSERT(status == 0, std::strerror(errno));
  impl_->earlier = running_children_of_this_session();
}

}  // namespace scaler::net
