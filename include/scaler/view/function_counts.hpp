#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "scaler/wire/messages.hpp"

namespace scaler::view {

// What ended since somebody listens, by the name of the function. Durations and memory are those
// of tasks whose client asked for profiles.
class FunctionCounts {
 public:
  struct Counts {
    std::uint64_t succeeded = 0;
    std::uint64_t failed = 0;
    std::uint64_t profiled = 0;
    double seconds = 0;                   // of all profiled tasks together
    std::uint64_t memory_peak_bytes = 0;  // the highest of any
  };
  // Messages that end no task are ignored.
  void on_message(const wire::Message& message);
  const std::unordered_map<std::string, Counts>& by_name() const { return by_name_; }
  // Names that came after so many others that they are counted together.
  const Counts& others() const { return others_; }

 private:
  Counts& counts_of(std::string_view name);

  std::unordered_map<std::string, Counts> by_name_;  // at most names_max
  Counts others_;
};

}  // namespace scaler::view
