#include "embed/cpython/task_limits.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include "embed/cpython/object.hpp"
#include "embed/cpython/processor_methods.hpp"
#include "scaler/base/large_blocks.hpp"

namespace scaler::embed::task_limits {

namespace {

constexpr time_t last_grace_seconds = 2;

std::uint64_t memory_limit = 0;
std::uint32_t cpu_limit = 0;
rlim_t data_before = RLIM_INFINITY;
timer_t polite_timer{};  // SIGXCPU, at the limit and every second after it
timer_t last_timer{};    // SIGKILL, which no task can block
void (*tell_python)(int) =
    nullptr;  // Python's own handler: it notes the signal for the main thread
pid_t owner = 0;
std::atomic<bool> active{false};
std::atomic<int> expiries{0};

Error system_error(const char* doing) {
  return {Errc::system, fmt::format("{}: {}", doing, std::strerror(errno))};
}

// The first time Python may end the task in order. The second time it had its chance; as in a
// process that a task forked, the signal then has its default action when this returns.
extern "C" void on_cpu_used_up(int number) {
  if (getpid() == owner) {
    if (!active.load()) return;
    if (expiries.fetch_add(1) == 0) {
      tell_python(number);
      return;
    }
  }
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  signal(number, SIG_DFL);
  raise(number);
}

Status create_timer(int number, timer_t& timer) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = number;
  if (timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) != 0)
    return system_error("timer_create");
  return ok();
}

Status install_cpu_limit() {
  SCALER_TRY(signal_module, Object::import("signal"));
  SCALER_TRY(limits, Object::import("scaler_runtime.limits"));
  SCALER_TRY(handler, limits.attribute("on_cpu_used_up"));
  SCALER_TRY(before, signal_module.call_method("signal", {make_integer(SIGXCPU), handler}));
  struct sigaction python {};
  if (sigaction(SIGXCPU, nullptr, &python) != 0) return system_error("sigaction");
  tell_python = python.sa_handler;
  struct sigaction action {};
  action.sa_handler = on_cpu_used_up;
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGXCPU, &action, nullptr) != 0) return system_error("sigaction");
  SCALER_CHECK(create_timer(SIGXCPU, polite_timer));
  return create_timer(SIGKILL, last_timer);
}

// 0: never.
void set_timer(timer_t timer, time_t seconds) {
  itimerspec when{};
  when.it_value.tv_sec = seconds;
  when.it_interval.tv_sec = seconds > 0 ? 1 : 0;
  timer_settime(timer, 0, &when, nullptr);
}

void set_data_limit(rlim_t bytes) {
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0) return;
  limit.rlim_cur = std::min(bytes, limit.rlim_max);
  setrlimit(RLIMIT_DATA, &limit);
}

}  // namespace

Status install(std::uint64_t memory_bytes, std::uint32_t cpu_seconds) {
  owner = getpid();
  memory_limit = memory_bytes;
  cpu_limit = cpu_seconds;
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) == 0) data_before = limit.rlim_cur;
  return cpu_limit > 0 ? install_cpu_limit() : ok();
}

void begin() {
  if (getpid() != owner) return;
  if (memory_limit > 0) {
    release_kept_blocks();  // they would count
    set_data_limit(memory_limit);
  }
  if (cpu_limit == 0) return;
  expiries.store(0);
  active.store(true);
  set_timer(polite_timer, cpu_limit);
  set_timer(last_timer, time_t{cpu_limit} + last_grace_seconds);
}

void end() {
  if (memory_limit > 0) set_data_limit(data_before);
  if (!active.exchange(false)) return;
  set_timer(polite_timer, 0);
  set_timer(last_timer, 0);
}

bool cpu_used_up() { return active.load() && expiries.load() > 0; }

}  // namespace scaler::embed::task_limits
