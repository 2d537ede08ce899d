#pragma once

#include <cstddef>

#include "scaler/base/large_blocks.hpp"

#if defined(__SANITIZE_ADDRESS__)
// Declared here because GCC does not install sanitizer/allocator_interface.h.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#else
#include <malloc.h>
#endif

namespace scaler::support {

// Bytes in use by this process, as its allocators count them.
inline std::size_t heap_bytes() {
#if defined(__SANITIZE_ADDRESS__)
  return __sanitizer_get_current_allocated_bytes() + used_block_bytes();
#else
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd + used_block_bytes();
#endif
}

}  // namespace scaler::support
