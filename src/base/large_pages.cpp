#include "base/large_pages.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace scaler {

void* allocate_on_large_pages(std::size_t bytes) {
  constexpr std::size_t page_bytes = std::size_t{2} << 20;
  const bool is_large = bytes >= page_bytes;
  const std::size_t alignment = is_large ? page_bytes : alignof(std::max_align_t);
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  if (is_large) madvise(memory, rounded, MADV_HUGEPAGE);  // best effort
  return memory;
}

}  // namespace scaler
