#pragma once

#include <string>
#include <vector>

// The embedded interpreter as users run their own programs in it.
namespace scaler::embed {

struct PythonProgram {
  std::vector<std::string>
      words;                  // as after `python`: options, then a script, -m or -c, and its own
  std::string python_env;     // as InterpreterOptions has it
  int workers = -1;           // of a cluster for this program alone; -1: no cluster
  std::string logging_level;  // of that cluster's roles
};

// Behaves as the command `python` does, with the carried packages at hand and the package `scaler`
// always ours. A cluster is started before the program and stopped after it; SCALER_ADDRESS tells
// its address. Gives the exit code. Does not return before the program ends, and only once.
int run_python_program(const PythonProgram& program);

}  // namespace scaler::embed
