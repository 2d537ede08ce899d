#include <cstdio>
#include <string>

#include "agent/pickle.hpp"
#include "scaler/base/ids.hpp"

// Prints one pickled exception per line, in hex, for pickle_check.py.
int main() {
  using scaler::agent::pickle_exception;
  const auto print = [](const scaler::Bytes& pickle) {
    std::printf("%s\n", scaler::to_hex(pickle).c_str());
  };
  print(pickle_exception("scaler.utility.exceptions", "ProcessorDiedError",
                         "process_status='zombie': processor 1 ended by signal 9 (Killed)"));
  print(pickle_exception("builtins", "TimeoutError", std::string(1000, 't')));
  print(pickle_exception("builtins", "ValueError", "caf\xc3\xa9"));
  return 0;
}
