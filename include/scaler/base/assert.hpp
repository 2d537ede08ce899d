#pragma once

// For faults of our own: an impossible state. Kept in release builds. Prints where and what, then
// aborts. A peer's fault is never an assertion; it is a Result (result.hpp).
#define SCALER_ASSERT(condition, context)                                    \
  do {                                                                       \
    if (!(condition)) [[unlikely]]                                           \
      ::scaler::assertion_failed(#condition, __FILE__, __LINE__, (context)); \
  } while (false)

#include <string_view>

namespace scaler {

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line,
                                   std::string_view context);

// One line (role, options) that assertion_failed prints with every failure of this process.
void set_assertion_context(std::string_view context);

}  // namespace scaler
