#include "roles/memory_events.hpp"

#include <charconv>
#include <fstream>
#include <sstream>
#include <utility>

namespace scaler::roles {

namespace {

std::uint64_t oom_kills() {
  std::stringstream text;
  text << std::ifstream("/proc/vmstat").rdbuf();
  return oom_kills_in(text.str()).value_or(0);
}

}  // namespace

std::optional<std::uint64_t> oom_kills_in(std::string_view vmstat) {
  constexpr std::string_view name = "oom_kill ";
  std::size_t at = vmstat.find(name);
  while (at != std::string_view::npos && at > 0 && vmstat[at - 1] != '\n')
    at = vmstat.find(name, at + 1);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view value = vmstat.substr(at + name.size());
  std::uint64_t kills = 0;
  const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), kills);
  if (fault != std::errc{}) return std::nullopt;
  return kills;
}

MemoryEvents::MemoryEvents() : kills_(oom_kills()) {}

bool MemoryEvents::killed_since() {
  const std::uint64_t now = oom_kills();
  return now > std::exchange(kills_, now);
}

}  // namespace scaler::roles
