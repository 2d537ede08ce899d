#pragma once

#include <cstddef>

namespace scaler {

// A fresh page costs a fault when it is first written, and a large block is written once from end
// to end: with pages of 2 MiB that takes a third of the time. Asks for them for all pages that a
// block of at least large_block_bytes touches, its first and last included: a part of a mapping
// would make two of one, which realloc could then only move by copying. Only advice: nothing can go
// wrong.
constexpr std::size_t large_block_bytes = std::size_t{4} << 20;
void prefer_large_pages(const void* block, std::size_t bytes);

// Memory for std::free(). From 2 MiB on it begins at a large page, and the kernel is asked for such
// pages. Throws std::bad_alloc.
void* allocate_on_large_pages(std::size_t bytes);

}  // namespace scaler
