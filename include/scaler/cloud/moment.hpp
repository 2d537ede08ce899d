#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "scaler/base/result.hpp"
#include "scaler/base/time.hpp"

namespace scaler::cloud {

// Both of our clocks: what signatures and expiry dates are about is the calendar's time.
struct Moment {
  TimePoint now{};
  std::int64_t utc = 0;  // seconds since 1970
};

// What is read of the machine. Tests give their own.
struct Surroundings {
  std::function<std::optional<std::string>(const std::string& variable)> environment;
  std::function<Result<std::string>(const std::string& path)> read_file;

  // A variable that is set and not empty.
  std::optional<std::string> variable(const std::string& name) const;
};

}  // namespace scaler::cloud
