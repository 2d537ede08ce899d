#pragma once

#include <cstddef>

namespace scaler {

// Memory for large payloads, outside of the heap: it begins at a large page and asks for such
// pages. Some of what was given back is kept for whoever comes next, at most kept_bytes_max of a
// process, because pages that are there already need not be cleared by the kernel again, which
// costs more than all else that happens to a payload on its way. Kept memory is the kernel's for
// the taking when anybody needs it. May be called in every thread.
struct LargeBlock {
  void* memory = nullptr;
  std::size_t bytes = 0;
};
constexpr std::size_t kept_bytes_max = std::size_t{128} << 20;

// At least so many bytes of any content, and at most a quarter more. Throws std::bad_alloc.
LargeBlock take_large_block(std::size_t bytes);
void give_back(LargeBlock block);

// Keeps less from now on: of a process whose memory has a limit.
void keep_at_most(std::size_t bytes);

// What is in use now: taken and not given back.
std::size_t used_block_bytes();

// What is kept now, and the end of that: it goes to the system.
std::size_t kept_block_bytes();
void release_kept_blocks();

// The same block with another size, at the same place: less always, more if the room behind is
// free.
bool resize_in_place(LargeBlock& block, std::size_t bytes);

}  // namespace scaler
