#include "roles/process_usage.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace scaler::roles {

namespace {

std::optional<std::string> read_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return std::nullopt;
  char text[1024];
  const std::size_t size = std::fread(text, 1, sizeof text - 1, file);
  std::fclose(file);
  return std::string(text, size);
}

struct Reading {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
};

// /proc/<pid>/stat: "1 (name) S ..."; the name may hold anything, so fields are counted from its
// last parenthesis. utime and stime are fields 14 and 15, rss (pages) is 24.
std::optional<Reading> read_stat(int pid) {
  const auto text = read_file(fmt::format("/proc/{}/stat", pid));
  if (!text) return std::nullopt;
  const std::size_t name_end = text->rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  unsigned long user = 0, system = 0;
  long resident_pages = 0;
  const int fields = std::sscanf(text->c_str() + name_end + 1,
                                 " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d "
                                 "%*d %*d %*d %*u %*u %ld",
                                 &user, &system, &resident_pages);
  if (fields != 3) return std::nullopt;
  static const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  static const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return Reading{static_cast<double>(user + system) / ticks,
                 static_cast<std::uint64_t>(std::max(resident_pages, 0L)) * page};
}

}  // namespace

std::vector<wire::Resource> ProcessUsage::read(const std::vector<int>& pids, TimePoint now) {
  std::unordered_map<int, Last> next;
  std::vector<wire::Resource> usages;
  usages.reserve(pids.size());
  for (const int pid : pids) usages.push_back(read_one(pid, now, next));
  last_ = std::move(next);
  return usages;
}

wire::Resource ProcessUsage::read_one(int pid, TimePoint now,
                                      std::unordered_map<int, Last>& next) const {
  wire::Resource usage;
  const auto reading = read_stat(pid);
  if (!reading) return usage;
  usage.rss_bytes = reading->resident_bytes;
  if (const auto last = last_.find(pid); last != last_.end() && now > last->second.when) {
    const double wall = std::chrono::duration<double>(now - last->second.when).count();
    const double permille = (reading->cpu_seconds - last->second.cpu_seconds) / wall * 1000;
    constexpr double most = std::numeric_limits<std::uint16_t>::max();
    usage.cpu_permille = static_cast<std::uint16_t>(std::clamp(permille, 0.0, most));
  }
  next[pid] = {reading->cpu_seconds, now};
  return usage;
}

}  // namespace scaler::roles
