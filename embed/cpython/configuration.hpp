#pragma once

#include "embed/cpython/python.hpp"

namespace scaler::embed {

// How an interpreter is to start; freed on every way out.
struct Configuration {
  PyConfig config;
  Configuration() { PyConfig_InitPythonConfig(&config); }
  ~Configuration() { PyConfig_Clear(&config); }
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;
};

}  // namespace scaler::embed
