#include "roles/terminal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "scaler/base/assert.hpp"
#include "scaler/base/assertion_hook.hpp"
#include "scaler/view/terminal_paint.hpp"

namespace scaler::roles {
namespace {

constexpr std::size_t columns_max = 1000;
constexpr std::size_t rows_max = 1000;
constexpr int last_words_patience_ms = 200;

// What must be done when the process dies where it stands. Read by signal handlers, so it holds
// nothing that has a destructor, and is whole before `fd` is set.
struct Emergency {
  volatile sig_atomic_t fd = -1;
  termios before{};
  std::array<char, 64> leave{};
  std::size_t leave_size = 0;
};
Emergency emergency;

void give_back_now() {
  const int fd = emergency.fd;
  if (fd < 0) return;
  emergency.fd = -1;
  if (::write(fd, emergency.leave.data(), emergency.leave_size) < 0) return;
  tcsetattr(fd, TCSANOW, &emergency.before);
}

constexpr std::array crashes = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

// The handler is gone when it runs: the same signal comes again, and ends the process.
void on_crash(int number) {
  give_back_now();
  std::raise(number);
}

void watch_for_crashes() {
  struct sigaction action {};
  action.sa_handler = on_crash;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : crashes) sigaction(number, &action, nullptr);
  set_assertion_hook(give_back_now);
}

void expect_crashes(int fd, const termios& before) {
  const std::string leave = view::leave_sequence();
  SCALER_ASSERT(leave.size() <= emergency.leave.size(), "leaving a terminal");
  std::copy(leave.begin(), leave.end(), emergency.leave.begin());
  emergency.leave_size = leave.size();
  emergency.before = before;
  emergency.fd = fd;
}

// A process in the background that changes a terminal is stopped, unless it does not listen.
class WithoutStop {
 public:
  WithoutStop() {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTTOU);
    sigprocmask(SIG_BLOCK, &stop, &before_);
  }
  ~WithoutStop() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  WithoutStop(const WithoutStop&) = delete;
  WithoutStop& operator=(const WithoutStop&) = delete;

 private:
  sigset_t before_{};
};

void set_modes(int fd, const termios& modes) {
  while (tcsetattr(fd, TCSANOW, &modes) < 0 && errno == EINTR) {
  }
}

// Interrupt, quit and suspend stay what they are: signals.
termios key_by_key(termios modes) {
  modes.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ECHONL | IEXTEN);
  modes.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL | INLCR | ISTRIP);
  modes.c_cc[VMIN] = 1;
  modes.c_cc[VTIME] = 0;
  return modes;
}

// An opening of our own: that it does not block is nobody else's concern.
int open_anew() {
  constexpr int how = O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  std::array<char, 256> path{};
  if (ttyname_r(STDOUT_FILENO, path.data(), path.size()) == 0)
    if (const int fd = ::open(path.data(), how); fd >= 0) return fd;
  return ::open("/dev/tty", how);
}

}  // namespace

Result<std::unique_ptr<Terminal>> Terminal::open() {
  const char* kind = std::getenv("TERM");
  const std::string_view name = kind == nullptr ? "" : kind;
  if (name.empty() || name == "dumb")
    return Error{Errc::unavailable,
                 fmt::format("cannot draw on this terminal (TERM is {}); --once writes one picture",
                             name.empty() ? "not set" : "dumb")};
  const int fd = open_anew();
  if (fd < 0)
    return Error{Errc::unavailable,
                 fmt::format("cannot open the terminal ({}); --once writes one picture",
                             std::strerror(errno))};
  watch_for_crashes();
  return std::unique_ptr<Terminal>(new Terminal(fd));
}

Terminal::Terminal(int fd) : fd_(fd) {}

Terminal::~Terminal() {
  give_back();
  set_assertion_hook(nullptr);
  ::close(fd_);
}

bool Terminal::take() {
  const pid_t in_front = tcgetpgrp(fd_);
  if (in_front >= 0 && in_front != getpgrp()) return false;
  if (!taken_ && tcgetattr(fd_, &before_) < 0) {
    gone_ = true;
    return false;
  }
  expect_crashes(fd_, before_);
  taken_ = true;
  set_modes(fd_, key_by_key(before_));
  waiting_ = view::enter_sequence();
  flush();
  return true;
}

void Terminal::give_back() {
  if (!taken_) return;
  taken_ = false;
  waiting_ = view::leave_sequence();  // instead of what still waits
  if (!flush() && !gone_) {
    pollfd room{fd_, POLLOUT, 0};
    ::poll(&room, 1, last_words_patience_ms);
    flush();
  }
  waiting_.clear();
  const WithoutStop without_stop;
  set_modes(fd_, before_);
  emergency.fd = -1;
}

view::TerminalSize Terminal::size() const {
  winsize size{};
  if (ioctl(fd_, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {std::min<std::size_t>(size.ws_col, columns_max),
          std::min<std::size_t>(size.ws_row, rows_max)};
}

std::optional<std::string> Terminal::read() {
  std::array<char, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): read fills it
  const ssize_t count = ::read(fd_, buffer.data(), buffer.size());
  if (count > 0) return std::string(buffer.data(), static_cast<std::size_t>(count));
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return std::string();
  gone_ = true;
  return std::nullopt;
}

void Terminal::write(std::string_view bytes) {
  waiting_ += bytes;
  flush();
}

bool Terminal::flush() {
  while (!waiting_.empty() && !gone_) {
    const ssize_t count = ::write(fd_, waiting_.data(), waiting_.size());
    if (count > 0)
      waiting_.erase(0, static_cast<std::size_t>(count));
    else if (errno == EAGAIN)
      return false;
    else if (errno != EINTR)
      gone_ = true;
  }
  return !gone_;
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return strcasestr(value, "UTF-8") != nullptr || strcasestr(value, "UTF8") != nullptr;
  }
  return false;
}

}  // namespace scaler::roles
