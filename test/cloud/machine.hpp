#pragma once

#include <map>
#include <string>

#include "scaler/cloud/moment.hpp"

namespace scaler::cloud {

// Surroundings that a test says.
struct FakeSurroundings {
  std::map<std::string, std::string> variables = {};
  std::map<std::string, std::string> files = {};

  Surroundings machine() const {
    return {[this](const std::string& name) -> std::optional<std::string> {
              const auto found = variables.find(name);
              if (found == variables.end()) return std::nullopt;
              return found->second;
            },
            [this](const std::string& path) -> Result<std::string> {
              const auto found = files.find(path);
              if (found == files.end()) return Error{Errc::not_found, path};
              return found->second;
            }};
  }
};

}  // namespace scaler::cloud
