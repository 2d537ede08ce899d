#include "scaler/base/assert.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "scaler/base/assertion_hook.hpp"

namespace scaler {
namespace {
std::string& process_context() {
  static std::string context;
  return context;
}
AssertionHook hook = nullptr;

}  // namespace

AssertionHook set_assertion_hook(AssertionHook wanted) { return std::exchange(hook, wanted); }

void set_assertion_context(std::string_view context) { process_context() = context; }

void assertion_failed(const char* condition, const char* file, int line, std::string_view context) {
  if (const AssertionHook once = set_assertion_hook(nullptr)) once();
  std::fprintf(stderr, "scaler: internal error: %s is not true (%.*s) at %s:%d %s\n", condition,
               static_cast<int>(context.size()), context.data(), file, line,
               process_context().c_str());
  std::abort();
}

}  // namespace scaler
