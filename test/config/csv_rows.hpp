#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "config/text.hpp"

namespace scaler::config::test {

// One documented option. No field of the file holds a comma.
struct DocumentedOption {
  std::string command, kind, long_name, short_name, key, required, fallback, type, unit;
};

inline std::vector<DocumentedOption> documented_options() {
  std::ifstream file(SCALER_CONFIG_TEST_DIR "/options.csv");
  std::vector<DocumentedOption> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const std::vector<std::string> f = split_at(line, ',');
    rows.push_back(
        {f.at(0), f.at(1), f.at(2), f.at(3), f.at(4), f.at(5), f.at(6), f.at(7), f.at(8)});
  }
  return rows;
}

}  // namespace scaler::config::test
