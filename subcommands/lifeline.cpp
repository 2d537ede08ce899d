#include "subcommands/lifeline.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>

namespace scaler::subcommands {
namespace {

constexpr const char* variable = "SCALER_LIFELINE_FD";

int pipe_named(const std::string& text) {
  int number = -1;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || number <= STDERR_FILENO)
    return -1;
  struct stat info {};
  return fstat(number, &info) == 0 && S_ISFIFO(info.st_mode) ? number : -1;
}

bool is_cut(int pipe) {
  pollfd entry{pipe, 0, 0};
  return poll(&entry, 1, 0) == 1 && (entry.revents & POLLHUP) != 0;
}

// Who gets the signal is a property of the open file, which all roles of a parent share: a fresh
// one is ours alone.
int opened_anew(int pipe) {
  const std::string path = "/proc/self/fd/" + std::to_string(pipe);
  return open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

}  // namespace

void hold_lifeline() {
  const char* value = std::getenv(variable);
  if (value == nullptr) return;
  const int inherited = pipe_named(value);
  unsetenv(variable);
  if (inherited < 0) return;
  fcntl(inherited, F_SETFD, FD_CLOEXEC);
  const int own = opened_anew(inherited);
  if (own < 0) return;
  fcntl(own, F_SETOWN, getpid());
  fcntl(own, F_SETSIG, SIGTERM);
  fcntl(own, F_SETFL, O_NONBLOCK | O_ASYNC);
  if (is_cut(inherited)) raise(SIGTERM);  // they ended before we listened
  close(inherited);
}

}  // namespace scaler::subcommands
