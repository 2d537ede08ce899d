#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "embed/cpython/interpreter.hpp"
#include "embed/foreign/foreign_python.hpp"

namespace scaler::embed {

namespace {

int run_embedded(const ZygoteOptions& options) {
  std::shared_ptr<Interpreter> interpreter;
  return run_zygote(options, [&]() -> Result<std::function<void()>> {
    SCALER_TRY(started, Interpreter::start({options.python_env}));
    interpreter = std::make_shared<Interpreter>(std::move(started));
    return std::function<void()>([&] { interpreter->stop(); });
  });
}

// Comes back only if it fails.
int become_foreign(const ZygoteOptions& options) {
  const Error error = become_foreign_zygote(options);
  tell_zygote_failure(options.control_fd, error.text);
  fmt::print(stderr, "scaler: {}\n", error.text);
  return 1;
}

}  // namespace

int zygote_main(int argc, char** argv) {
  const Result<ZygoteOptions> options = parse_zygote_options(argc, argv);
  if (options) return options->python.empty() ? run_embedded(*options) : become_foreign(*options);
  fmt::print(stderr, "scaler: {}\n", options.error().text);
  return 2;
}

}  // namespace scaler::embed
