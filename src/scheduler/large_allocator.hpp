#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace scaler::scheduler {

// Memory for tables that grow large and are read in no order: on large pages, where the kernel has
// them, such a read waits for one miss instead of two.
template <class T>
struct LargeAllocator {
  using value_type = T;
  static constexpr std::size_t page_bytes = std::size_t{2} << 20;

  LargeAllocator() = default;
  template <class Other>
  LargeAllocator(const LargeAllocator<Other>&) {}  // NOLINT(google-explicit-constructor): a rebind

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    const bool is_large = bytes >= page_bytes;
    const std::size_t alignment = is_large ? page_bytes : alignof(std::max_align_t);
    const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    void* memory = std::aligned_alloc(alignment, rounded);
    if (memory == nullptr) throw std::bad_alloc();
    if (is_large) madvise(memory, rounded, MADV_HUGEPAGE);  // best effort
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) { std::free(memory); }

  // The bytes only; whoever makes records in them ends them.
  struct Free {
    void operator()(T* memory) const { std::free(memory); }
  };
  struct Owned {
    std::unique_ptr<T, Free> memory;
    T& operator[](std::size_t at) const { return memory.get()[at]; }
  };
  Owned allocate_owned(std::size_t count) { return {std::unique_ptr<T, Free>(allocate(count))}; }

  friend bool operator==(const LargeAllocator&, const LargeAllocator&) { return true; }
};

}  // namespace scaler::scheduler
