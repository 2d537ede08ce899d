#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace scaler::roles {

// Whether the kernel killed processes lately because memory ran out. It counts them, but does not
// say which: one that ended by SIGKILL meanwhile was probably among them.
class MemoryEvents {
 public:
  MemoryEvents();  // begins now
  // True once per new count.
  bool killed_since();

 private:
  std::uint64_t kills_ = 0;
};

// The count in the text of /proc/vmstat (proc(5)).
std::optional<std::uint64_t> oom_kills_in(std::string_view vmstat);

}  // namespace scaler::roles
