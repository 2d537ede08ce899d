#pragma once

#include <cstddef>

namespace scaler {

// Memory for std::free(). From 2 MiB on it begins at a large page, and the kernel is asked for such
// pages. Throws std::bad_alloc.
void* allocate_on_large_pages(std::size_t bytes);

}  // namespace scaler
