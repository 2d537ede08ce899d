#include "scaler/base/large_pages.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>

namespace scaler {

void prefer_large_pages(const void* block, std::size_t bytes) {
  constexpr std::uintptr_t page_bytes = 4096;
  if (bytes < large_block_bytes) return;
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  const std::uintptr_t begin = address & ~(page_bytes - 1);
  const std::uintptr_t end = (address + bytes + page_bytes - 1) & ~(page_bytes - 1);
  [[maybe_unused]] const int ignored =
      madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

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
