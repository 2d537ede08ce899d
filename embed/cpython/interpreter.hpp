#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scaler/base/result.hpp"

namespace scaler::embed {

struct InterpreterOptions {
  std::string python_env;  // a virtual environment's folder; empty: $VIRTUAL_ENV, or none
  std::string home =
      "/usr";  // where the standard library of this very interpreter lies: lib/python3.11
};

// The interpreter of this process: at most one, in the thread that started it, which holds the GIL
// from then on. Uses the packages of a virtual environment but the standard library of `home`: that
// has to be the interpreter's own release. Carried modules (carried.hpp) can be imported unless
// something installed bears their name.
class Interpreter {
 public:
  static Result<Interpreter> start(const InterpreterOptions& options);
  Interpreter(Interpreter&& other) noexcept;
  Interpreter& operator=(Interpreter&&) = delete;
  ~Interpreter();  // stop()

  // Joins the threads that user code left, runs atexit handlers, flushes. False: something could
  // not be flushed.
  bool stop();

  static std::string version();  // "3.11.2"

 private:
  Interpreter() = default;
  bool running_ = true;
};

// Whether the package `scaler` of an environment wins over the carried one.
enum class Precedence : unsigned char { installed_first, ours_first };

// Makes the carried modules importable; once, with the interpreter started.
Status install_importer(Precedence precedence);

// The environment's interpreter, which becomes sys.executable. An option that names no environment
// of this Python version is an error; a VIRTUAL_ENV that does is only not used, with a warning.
Result<std::string> executable_of(const std::string& python_env);

}  // namespace scaler::embed
