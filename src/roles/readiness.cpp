#include "scaler/roles/readiness.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace scaler::roles {
namespace {

std::string take_variable(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

// A number that is no pipe of ours is left alone: the variable may have come from far away.
int pipe_named(std::string_view text) {
  int number = -1;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || number <= STDERR_FILENO)
    return -1;
  struct stat info {};
  if (::fstat(number, &info) != 0 || !S_ISFIFO(info.st_mode)) return -1;
  ::fcntl(number, F_SETFD, FD_CLOEXEC);
  return number;
}

// systemd's protocol: one datagram. A name that starts with @ lies in the abstract namespace.
void notify(const std::string& path, std::string_view what) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return;
  std::copy(path.begin(), path.end(), address.sun_path);
  if (path[0] == '@') address.sun_path[0] = '\0';
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  [[maybe_unused]] const auto sent = ::sendto(socket, what.data(), what.size(), MSG_NOSIGNAL,
                                              reinterpret_cast<const sockaddr*>(&address), length);
  ::close(socket);
}

}  // namespace

Readiness::Readiness()
    : pipe_(pipe_named(take_variable("SCALER_READY_FD"))),
      notify_socket_(take_variable("NOTIFY_SOCKET")) {
  if (pipe_ >= 0) ::setpgid(0, 0);
}

Readiness::~Readiness() {
  if (pipe_ >= 0) ::close(pipe_);
}

void Readiness::announce() {
  if (const int pipe = std::exchange(pipe_, -1); pipe >= 0) {
    [[maybe_unused]] const auto written = ::write(pipe, "r", 1);
    ::close(pipe);
  }
  if (const std::string path = std::exchange(notify_socket_, {}); !path.empty())
    notify(path, "READY=1");
}

}  // namespace scaler::roles
