#include "roles/own_resources.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace scaler::roles {
namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uint64_t resident_bytes() {
  unsigned long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%*u %lu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return std::uint64_t{pages} * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t available_bytes() {
  unsigned long kib = 0;
  if (std::FILE* file = std::fopen("/proc/meminfo", "re")) {
    char line[128];
    while (std::fgets(line, sizeof line, file) != nullptr)
      if (std::sscanf(line, "MemAvailable: %lu kB", &kib) == 1) break;
    std::fclose(file);
  }
  return std::uint64_t{kib} * 1024;
}

}  // namespace

OwnResources::Reading OwnResources::read(TimePoint now) {
  const double cpu = cpu_seconds();
  const double wall = std::chrono::duration<double>(now - last_read_).count();
  Reading reading;
  if (last_read_ != TimePoint{} && wall > 0) {
    const double permille = std::clamp((cpu - last_cpu_seconds_) / wall * 1000.0, 0.0, 1000.0);
    reading.process.cpu_permille = static_cast<std::uint16_t>(permille);
  }
  reading.process.rss_bytes = resident_bytes();
  reading.available_bytes = available_bytes();
  last_read_ = now;
  last_cpu_seconds_ = cpu;
  return reading;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace scaler::roles
