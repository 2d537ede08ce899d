#include "embed/cpython/processor_signals.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "embed/cpython/gil.hpp"
#include "embed/cpython/object.hpp"
#include "embed/cpython/processor_methods.hpp"

namespace scaler::embed::processor_signals {

namespace {

std::atomic<std::uint64_t> suspends_requested{0};
std::uint64_t suspends_served = 0;  // main thread only
std::atomic<bool> termination{false};
void (*tell_python)(int) =
    nullptr;  // Python's own handler: it notes the signal for the main thread
pid_t owner = 0;
int resume = -1;
int wake = -1;

void wake_loop() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = write(wake, &one, sizeof one);
}

// A process that a task forked inherits the handlers but is no processor: it dies of these signals
// like any other. True if this is one; the signal comes again, with its default action, as the
// handler returns.
bool passed_on(int number) {
  if (getpid() == owner) return false;
  signal(number, SIG_DFL);
  raise(number);
  return true;
}

// Kernel signals of one kind merge while Python has not yet looked; counting here keeps each of
// them.
extern "C" void on_suspend_signal(int number) {
  if (passed_on(number)) return;
  const int saved = errno;
  suspends_requested.fetch_add(1);
  tell_python(number);
  wake_loop();
  errno = saved;
}

extern "C" void on_termination_signal(int number) {
  if (passed_on(number)) return;
  const int saved = errno;
  termination.store(true);
  wake_loop();
  errno = saved;
}

// The handler that was there before is handed out.
Status handle(int number, void (*handler)(int), void (**before)(int) = nullptr) {
  struct sigaction old {};
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(
      &action
           .sa_mask);  // no SA_RESTART: waits of user code return to Python, which runs the handler
  if (sigaction(number, nullptr, &old) != 0)
    return Error{Errc::system, fmt::format("sigaction: {}", std::strerror(errno))};
  if (before != nullptr) *before = old.sa_handler;
  if (sigaction(number, &action, nullptr) != 0)
    return Error{Errc::system, fmt::format("sigaction: {}", std::strerror(errno))};
  return ok();
}

}  // namespace

Status install(int resume_descriptor) {
  owner = getpid();
  resume = resume_descriptor;
  wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) return Error{Errc::system, fmt::format("eventfd: {}", std::strerror(errno))};

  SCALER_TRY(signal_module, Object::import("signal"));
  SCALER_TRY(native, Object::import(native_module_name));
  SCALER_TRY(suspend, native.attribute("suspend"));
  SCALER_TRY(before, signal_module.call_method("signal", {make_integer(SIGUSR1), suspend}));
  SCALER_CHECK(handle(SIGUSR1, on_suspend_signal, &tell_python));
  return handle(SIGTERM, on_termination_signal);
}

bool termination_wanted() { return termination.load(); }
int wake_descriptor() { return wake; }

void clear_wake() {
  std::uint64_t count;
  [[maybe_unused]] const ssize_t ignored = read(wake, &count, sizeof count);
}

void wait_while_suspended() {
  while (suspends_served < suspends_requested.load()) {
    ++suspends_served;
    const GilReleased released;
    std::uint64_t count;
    while (read(resume, &count, sizeof count) < 0 && errno == EINTR) {
    }
  }
}

}  // namespace scaler::embed::processor_signals
