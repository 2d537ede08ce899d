#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
// Declared here because GCC does not install sanitizer/allocator_interface.h.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#else
#include <malloc.h>
#endif

namespace scaler::support {

// Heap bytes in use by this process, as its allocator counts them.
inline std::size_t heap_bytes() {
#if defined(__SANITIZE_ADDRESS__)
  return __sanitizer_get_current_allocated_bytes();
#else
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

}  // namespace scaler::support
