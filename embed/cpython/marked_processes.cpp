#include "embed/cpython/marked_processes.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>

#include "scaler/agent/channel_protocol.hpp"

namespace scaler::embed {

namespace {

constexpr timespec pause_between_looks{0, 10'000'000};
constexpr int looks_before_kill = 100;  // a second
constexpr int looks_max = 500;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_;
};

// "NAME=value", each with a zero before it and behind it. Empty: nobody's, or a zombie's.
std::string environment_of(pid_t pid) {
  const Descriptor file(open(("/proc/" + std::to_string(pid) + "/environ").c_str(), O_RDONLY));
  std::string text(1, '\0');
  char part[4096];
  for (ssize_t got = 0; file && (got = read(file.number(), part, sizeof part)) > 0;)
    text.append(part, static_cast<std::size_t>(got));
  return text;
}

// True: it bears the mark and got the signal.
bool signal_if_marked(pid_t pid, const std::string& entry, int signal) {
  if (getsid(pid) != getsid(0) || pid == getpid()) return false;
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  return process && environment_of(pid).find(entry) != std::string::npos &&
         syscall(SYS_pidfd_send_signal, process.number(), signal, nullptr, 0) == 0;
}

// How many bear it. Signal 0 only counts.
int signal_marked(const std::string& entry, int signal) {
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(opendir("/proc"), closedir);
  int count = 0;
  while (const dirent* item = processes ? readdir(processes.get()) : nullptr) {
    const char* end = item->d_name + std::strlen(item->d_name);
    pid_t pid = 0;
    if (const auto number = std::from_chars(item->d_name, end, pid);
        number.ec == std::errc() && number.ptr == end && signal_if_marked(pid, entry, signal))
      ++count;
  }
  return count;
}

}  // namespace

void end_marked_processes(std::string_view mark) {
  std::string entry(1, '\0');
  entry.append(agent::worker_mark_variable).append("=").append(mark).push_back('\0');
  int left = signal_marked(entry, SIGTERM);
  for (int look = 0; left > 0 && look < looks_max; ++look) {
    nanosleep(&pause_between_looks, nullptr);
    left = signal_marked(entry, look < looks_before_kill ? 0 : SIGKILL);
  }
}

}  // namespace scaler::embed
