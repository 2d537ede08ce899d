#include "net/spawn.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "net/socket.hpp"
#include "scaler/base/assert.hpp"

// What runs in the child shares the parent's memory until exec: system calls only, nothing that
// allocates, throws or locks, and no sanitizer's bookkeeping.
#define SCALER_IN_CHILD __attribute__((no_sanitize("address", "undefined"), noinline))

namespace scaler::net {
namespace {

constexpr int first_plain = 3;  // 0, 1 and 2 are inherited

// All that the child needs, prepared by the parent.
struct Plan {
  const char* program;
  char** arguments;
  char** environment;
  std::pair<int, int>* mapped;  // {ours, theirs}, by theirs
  std::size_t mapped_count;
  int above;  // all numbers of the child lie below
  int descriptors_max;
  int death_signal;
  pid_t parent;
  sigset_t signals;
  volatile int error;
};

SCALER_IN_CHILD void close_between(const Plan& plan, int first, int last) {
  if (first > last) return;
  if (::close_range(static_cast<unsigned>(first), static_cast<unsigned>(last), 0) == 0) return;
  for (int i = first; i <= std::min(last, plan.descriptors_max); ++i) ::close(i);  // before 5.9
}

// First out of each other's way, then to their places.
SCALER_IN_CHILD bool place_descriptors(const Plan& plan) {
  for (std::size_t i = 0; i < plan.mapped_count; ++i) {
    const int moved = ::fcntl(plan.mapped[i].first, F_DUPFD_CLOEXEC, plan.above);
    if (moved < 0) return false;
    plan.mapped[i].first = moved;
  }
  int next = first_plain;
  for (std::size_t i = 0; i < plan.mapped_count; ++i) {
    const auto [ours, theirs] = plan.mapped[i];
    if (::dup2(ours, theirs) < 0) return false;
    if (theirs < first_plain) continue;
    close_between(plan, next, theirs - 1);
    next = theirs + 1;
  }
  // The gaps lie below `above`, where none of the moved ones is.
  close_between(plan, next, INT_MAX);
  return true;
}

SCALER_IN_CHILD void reset_signals(const Plan& plan) {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
  ::sigprocmask(SIG_SETMASK, &plan.signals, nullptr);
}

SCALER_IN_CHILD [[noreturn]] void run_child(Plan& plan) {
  if (plan.death_signal != 0) {
    ::prctl(PR_SET_PDEATHSIG, plan.death_signal);
    if (::getppid() != plan.parent) ::_exit(127);  // it died before it could be noticed
  }
  if (place_descriptors(plan)) {
    reset_signals(plan);
    ::execvpe(plan.program, plan.arguments, plan.environment);
  }
  plan.error = errno;
  ::_exit(127);
}

SCALER_IN_CHILD pid_t vfork_and_run(Plan& plan) {
  const pid_t pid = ::vfork();
  if (pid == 0) run_child(plan);
  return pid;
}

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    const bool replaced =
        std::ranges::any_of(added, [&](const auto& pair) { return pair.first == name; });
    if (!replaced) result.emplace_back(text);
  }
  for (const auto& [name, value] : added) result.push_back(name + '=' + value);
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

int descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1 << 16));
}

// Handlers of ours must not run in the child while it shares our memory.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

Result<int> spawn_process(const SpawnOptions& options) {
  SCALER_ASSERT(!options.arguments.empty(), "spawn needs the file to run");
  std::vector<std::string> arguments = options.arguments;
  const std::string program = options.program.empty() ? arguments[0] : options.program;
  std::vector<std::string> environment = environment_with(options.environment);
  std::vector<char*> argument_pointers = pointers_to(arguments);
  std::vector<char*> environment_pointers = pointers_to(environment);
  auto mapped = options.descriptors;
  std::ranges::sort(mapped, {}, &std::pair<int, int>::second);
  Plan plan{};
  plan.program = program.c_str();
  plan.arguments = argument_pointers.data();
  plan.environment = environment_pointers.data();
  plan.mapped = mapped.data();
  plan.mapped_count = mapped.size();
  plan.above = mapped.empty() ? first_plain : std::max(first_plain, mapped.back().second + 1);
  plan.descriptors_max = descriptor_limit();
  plan.death_signal = options.death_signal;
  plan.parent = getpid();
  sigemptyset(&plan.signals);

  pid_t pid = -1;
  int fork_error = 0;
  {
    const SignalsBlocked blocked;
    pid = vfork_and_run(plan);
    fork_error = errno;
  }
  if (pid < 0)
    return Error{Errc::system,
                 fmt::format("cannot start a process: {}", text_of_errno(fork_error))};
  if (plan.error == 0) return static_cast<int>(pid);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  const bool needs_proc = plan.error == ENOENT && program.starts_with("/proc/");
  return Error{Errc::system,
               fmt::format("cannot run '{}': {}{}", program, text_of_errno(plan.error),
                           needs_proc ? "; is /proc mounted here?" : "")};
}

}  // namespace scaler::net
