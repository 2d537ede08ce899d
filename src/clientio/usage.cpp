#include "clientio/usage.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace scaler::clientio {

namespace {

double cpu_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// proc(5): the second number of statm counts resident pages.
std::uint64_t resident_bytes() {
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[128] = {};
  const ssize_t got = read(file, text, sizeof text - 1);
  close(file);
  if (got <= 0) return 0;
  char* rest = nullptr;
  std::strtoull(text, &rest, 10);
  return std::strtoull(rest, nullptr, 10) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

wire::Resource Usage::read(TimePoint now) {
  const double cpu = cpu_seconds();
  const double wall = std::chrono::duration<double>(now - last_read_).count();
  wire::Resource resource;
  resource.rss_bytes = resident_bytes();
  if (last_read_ != TimePoint{} && wall > 0)  // older schedulers refuse more than 1000
    resource.cpu_permille = static_cast<std::uint16_t>(
        std::clamp((cpu - last_cpu_seconds_) / wall * 1000.0, 0.0, 1000.0));
  last_read_ = now;
  last_cpu_seconds_ = cpu;
  return resource;
}

}  // namespace scaler::clientio
