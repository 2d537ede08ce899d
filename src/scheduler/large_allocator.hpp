#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "scaler/base/large_pages.hpp"

namespace scaler::scheduler {

// Memory for tables that grow large and are read in no order: on large pages, where the kernel has
// them, such a read waits for one miss instead of two.
template <class T>
struct LargeAllocator {
  using value_type = T;
  LargeAllocator() = default;
  template <class Other>
  LargeAllocator(const LargeAllocator<Other>&) {}  // NOLINT(google-explicit-constructor): a rebind

  T* allocate(std::size_t count) {
    return static_cast<T*>(allocate_on_large_pages(count * sizeof(T)));
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
