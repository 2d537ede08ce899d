#include "scaler/config/machine.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace scaler::config {
namespace {

constexpr std::size_t file_bytes_max = 16U << 20U;

Error cannot_read(const std::string& path, const char* why) {
  return {Errc::usage, fmt::format("{}: {}", path, why)};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<std::string> read_whole(const std::string& path, int fd) {
  std::string text;
  char chunk[1 << 16];
  for (;;) {
    const ssize_t got = read(fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot_read(path, std::strerror(errno));
    if (got == 0) return text;
    text.append(chunk, static_cast<std::size_t>(got));
    if (text.size() > file_bytes_max)
      return cannot_read(path, "larger than 16 MiB, so not a configuration file");
  }
}

Result<std::string> read_file_whole(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0) return cannot_read(path, std::strerror(errno));
  struct stat info {};
  if (fstat(file.get(), &info) == 0 && S_ISDIR(info.st_mode))
    return cannot_read(path, "a directory, not a file");
  return read_whole(path, file.get());
}

std::optional<std::string> read_variable(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

int usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<int>(online) : 1;
}

// Up to the first dot.
std::string short_host_name() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return "localhost";
  const std::string whole = name;
  return whole.substr(0, whole.find('.'));
}

}  // namespace

Machine Machine::real() {
  return {read_variable, read_file_whole, usable_cpus(), short_host_name(),
          static_cast<int>(getpid())};
}

}  // namespace scaler::config
