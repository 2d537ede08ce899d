#include "embed/cpython/zygote.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>

#include "embed/cpython/marked_processes.hpp"
#include "embed/cpython/object.hpp"
#include "embed/cpython/processor.hpp"
#include "embed/cpython/processor_methods.hpp"
#include "scaler/agent/channel_protocol.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/passed_descriptors.hpp"

namespace scaler::embed {

namespace {

constexpr unsigned import_seconds_max = 120;     // of the package scaler; a zygote that hangs ends
constexpr unsigned orderly_end_seconds_max = 5;  // for threads and atexit handlers of user code

std::string error_text(int number) { return std::strerror(number); }

void tell(int control, char kind, std::string_view text) {
  constexpr std::size_t datagram_bytes_max = 4096;
  const std::string datagram = kind + std::string(text.substr(0, datagram_bytes_max));
  [[maybe_unused]] const ssize_t ignored =
      send(control, datagram.data(), datagram.size(), MSG_NOSIGNAL);
}

// ---- requests ----

constexpr std::size_t request_bytes = 1 + 4;
constexpr std::size_t request_descriptors = 2;

struct Request {
  std::array<std::byte, request_bytes> body{};
  std::size_t body_bytes = 0;
  std::array<int, request_descriptors> descriptors{-1, -1};
  std::size_t descriptor_count = 0;
};

void adopt_descriptors(msghdr& message, Request& request) {
  for_each_passed(message, [&request](int descriptor) {
    if (request.descriptor_count < request_descriptors)
      request.descriptors[request.descriptor_count++] = descriptor;
    else
      close(descriptor);
  });
}

// Nothing: the agent closed the socket.
std::optional<Request> receive_request(int control) {
  Request request;
  iovec body{request.body.data(), request.body.size()};
  alignas(cmsghdr) std::byte ancillary[CMSG_SPACE(sizeof(int) * request_descriptors)];
  msghdr message{};
  message.msg_iov = &body;
  message.msg_iovlen = 1;
  message.msg_control = ancillary;
  message.msg_controllen = sizeof ancillary;
  ssize_t got;
  do got = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return std::nullopt;
  request.body_bytes = static_cast<std::size_t>(got);
  adopt_descriptors(message, request);
  return request;
}

Result<ProcessorSeat> seat_of(const Request& request) {
  if (request.body_bytes != request_bytes || static_cast<char>(request.body[0]) != 'F' ||
      request.descriptor_count != request_descriptors)
    return Error{Errc::bad_message, "not a request to fork"};
  return ProcessorSeat{request.descriptors[0], request.descriptors[1],
                       static_cast<pid_t>(load_le32(&request.body[1]))};
}

// ---- forking ----

// Twice, so that the processor loses its parent and the agent adopts it. True in the processor. The
// process in between only forks and ends, so it borrows our memory (vfork) instead of copying page
// tables for nothing: half a millisecond less. Its exit status carries the error number of a failed
// fork.
Result<bool> fork_detached() {
  PyOS_BeforeFork();
  const pid_t intermediate = vfork();
  if (intermediate == 0) {
    const pid_t processor = fork();
    if (processor != 0) _exit(processor < 0 ? errno & 0xFF : 0);
    PyOS_AfterFork_Child();
    return true;
  }
  const int fork_error = errno;
  PyOS_AfterFork_Parent();
  if (intermediate < 0) return Error{Errc::system, "fork: " + error_text(fork_error)};
  int status = 0;
  while (waitpid(intermediate, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return false;
  const int second_error = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
  return Error{Errc::system, "fork: " + error_text(second_error)};
}

// ---- the zygote itself ----

// Standard input is empty, and signals of the terminal are the agent's affair: a Ctrl-C must not
// reach running tasks.
void leave_terminal() {
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) {
    dup2(nothing, STDIN_FILENO);
    if (nothing != STDIN_FILENO) close(nothing);
  }
  setpgid(0, 0);
}

Result<std::string> prepare() {
  SCALER_TRY(module, Object::import("scaler_runtime.process"));
  SCALER_TRY(version, module.call_method("prepare_zygote", {}));
  return version.text();
}

// A processor imported the package `scaler` for its task, which may take a fifth of a second: the
// next ones are born with it.
Status import_client() {
  SCALER_TRY(module, Object::import("scaler_runtime.process"));
  SCALER_TRY(done, module.call_method("import_client", {}));
  return ok();
}

// ---- the end of the agent ----

// The agent, and the mark of its processes. Once an agent has died, whatever tasks started is ended
// by the zygote, which therefore must not die with it.
struct Agent {
  pid_t pid = 0;
  std::string mark = {};

  void may_die_alone() const {
    if (!mark.empty()) prctl(PR_SET_PDEATHSIG, 0);
  }
  // Its socket closes a little earlier.
  bool has_died() const {
    constexpr int tries_max = 1000;
    constexpr timespec pause{0, 1'000'000};
    for (int tries = 0; getppid() == pid && tries < tries_max; ++tries) nanosleep(&pause, nullptr);
    return getppid() != pid;
  }
};

// Waits for a request, and does what processors suggest meanwhile.
void wait_for_request(int control, int suggestions) {
  pollfd waiting[] = {{control, POLLIN, 0}, {suggestions, POLLIN, 0}};
  while (poll(waiting, 2, -1) >= 0 || errno == EINTR) {
    std::uint64_t count;
    if (waiting[1].revents != 0 && read(suggestions, &count, sizeof count) > 0) {
      alarm(import_seconds_max);
      if (const Status done = import_client(); !done)
        log::warning("zygote: importing scaler: {}", done.error().text);
      alarm(0);
    }
    if (waiting[0].revents != 0) return;
  }
}

// Returns in the zygote when the control socket ends, and in every processor when that ends.
int serve(const ZygoteOptions& options, const Agent& agent) {
  const int suggestions = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  set_suggestion_descriptor(suggestions);
  agent.may_die_alone();
  wait_for_request(options.control_fd, suggestions);
  while (auto request = receive_request(options.control_fd)) {
    const Result<ProcessorSeat> seat = seat_of(*request);
    const Result<bool> forked = seat ? fork_detached() : Result<bool>(seat.error());
    if (forked && *forked) {
      close(options.control_fd);
      return run_processor(*seat, options);
    }
    for (std::size_t i = 0; i < request->descriptor_count; ++i) close(request->descriptors[i]);
    if (!forked) tell(options.control_fd, 'E', forked.error().text);
    wait_for_request(options.control_fd, suggestions);
  }
  if (!agent.mark.empty() && agent.has_died()) {
    end_marked_processes(agent.mark);
    _exit(0);
  }
  return 0;
}

void end_within(unsigned seconds) {
  struct sigaction action {};
  action.sa_handler = [](int) { _exit(0); };
  sigaction(SIGALRM, &action, nullptr);
  alarm(seconds);
}

log::Level level_of(std::string_view name) {
  if (name == "DEBUG") return log::Level::debug;
  if (name == "WARNING") return log::Level::warning;
  if (name == "ERROR") return log::Level::error;
  if (name == "CRITICAL") return log::Level::critical;
  return log::Level::info;
}

}  // namespace

int run_zygote(const ZygoteOptions& options,
               const std::function<Result<std::function<void()>>()>& start_python) {
  prctl(PR_SET_NAME, "scaler-zygote");
  const char* mark = std::getenv(agent::worker_mark_variable);
  const Agent agent{getppid(), mark == nullptr ? "" : mark};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  log::set_level(level_of(options.log_level));
  fcntl(options.control_fd, F_SETFD, FD_CLOEXEC);
  leave_terminal();

  const auto fail = [&](const Error& error) {
    log::error("zygote: {}", error.text);
    tell_zygote_failure(options.control_fd, error.text);
    return 1;
  };
  const Result<std::function<void()>> stop_python = start_python();
  if (!stop_python) return fail(stop_python.error());
  const Result<std::string> version = prepare();
  if (!version) return fail(version.error());
  tell(options.control_fd, 'R', *version);

  const int exit_code = serve(options, agent);
  end_within(orderly_end_seconds_max);
  (*stop_python)();
  return exit_code;
}

void tell_zygote_failure(int control_fd, std::string_view reason) { tell(control_fd, 'X', reason); }

}  // namespace scaler::embed
