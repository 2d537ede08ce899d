#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "scaler/manager/crew.hpp"

namespace scaler::manager {

// The ids of what was asked for; anything else among the effects fails the test.
inline std::vector<std::string> take_started(Effects& out) {
  std::vector<std::string> ids;
  for (const Effect& effect : std::exchange(out, {}))
    ids.push_back(std::get<StartWorker>(effect).id);
  return ids;
}

inline std::vector<std::string> take_ending(Effects& out, bool at_once) {
  std::vector<std::string> ids;
  for (const Effect& effect : std::exchange(out, {})) {
    REQUIRE(std::get<EndWorker>(effect).at_once == at_once);
    ids.push_back(std::get<EndWorker>(effect).id);
  }
  return ids;
}
inline std::vector<std::string> take_ended(Effects& out) { return take_ending(out, false); }
inline std::vector<std::string> take_killed(Effects& out) { return take_ending(out, true); }

}  // namespace scaler::manager
