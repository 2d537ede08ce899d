#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "scaler/base/log.hpp"

namespace scaler::config {

// A Python logging format such as "%(asctime)s %(levelname)-8s %(message)s". Knows asctime,
// levelname, message, name, process, msecs and created; another field prints as "-".
class LogPattern {
 public:
  explicit LogPattern(std::string format, std::string date_format = {});

  std::string render(log::Level level, std::string_view text, std::time_t now) const;
  // The first field that is not known, for a warning; empty when all are.
  std::string unknown_field() const;

 private:
  std::string format_;
  std::string date_format_;
};

}  // namespace scaler::config
