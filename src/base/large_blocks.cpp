#include "scaler/base/large_blocks.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <new>

#include "scaler/base/large_pages.hpp"

namespace scaler {
namespace {

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t large_page_bytes = std::size_t{2} << 20;
constexpr std::size_t kept_blocks_max = 8;

std::size_t whole_pages(std::size_t bytes) { return (bytes + page_bytes - 1) & ~(page_bytes - 1); }

// The blocks that are kept, the longest unused first.
struct Kept {
  std::mutex mutex;
  std::array<LargeBlock, kept_blocks_max> blocks;
  std::size_t count = 0;
  std::size_t bytes = 0;
  std::size_t bytes_max = kept_bytes_max;

  LargeBlock remove(std::size_t place) {
    const LargeBlock block = blocks[place];
    std::move(blocks.begin() + static_cast<std::ptrdiff_t>(place) + 1,
              blocks.begin() + static_cast<std::ptrdiff_t>(count),
              blocks.begin() + static_cast<std::ptrdiff_t>(place));
    --count;
    bytes -= block.bytes;
    return block;
  }
};
constinit Kept kept;
constinit std::atomic<std::size_t> used_bytes = 0;

// A fork may have copied the lock while another thread held it: so nobody ever waits for it.
using Attempt = std::unique_lock<std::mutex>;

void* map_pages(std::size_t bytes) {
  return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

LargeBlock map_block(std::size_t bytes) {
  const std::size_t mapped = bytes + large_page_bytes;
  void* found = map_pages(mapped);
  if (found == MAP_FAILED) {  // a limit of the process counts what is kept
    release_kept_blocks();
    found = map_pages(mapped);
  }
  if (found == MAP_FAILED) throw std::bad_alloc();
  const auto begin = reinterpret_cast<std::uintptr_t>(found);
  const std::uintptr_t aligned = (begin + large_page_bytes - 1) & ~(large_page_bytes - 1);
  if (aligned > begin) munmap(found, aligned - begin);
  const std::uintptr_t end = aligned + bytes;
  if (end < begin + mapped) munmap(reinterpret_cast<void*>(end), begin + mapped - end);
  void* const memory = reinterpret_cast<void*>(aligned);
  prefer_large_pages(memory, bytes);
  return {memory, bytes};
}

LargeBlock take_kept_block(std::size_t wanted) {
  if (const Attempt attempt(kept.mutex, std::try_to_lock); attempt) {
    std::size_t best = kept.count;
    for (std::size_t i = 0; i < kept.count; ++i) {
      const std::size_t size = kept.blocks[i].bytes;
      if (size < wanted || size > wanted + wanted / 4) continue;
      if (best == kept.count || size < kept.blocks[best].bytes) best = i;
    }
    if (best < kept.count) return kept.remove(best);
  }
  return {};
}

}  // namespace

LargeBlock take_large_block(std::size_t bytes) {
  const std::size_t wanted = whole_pages(bytes);
  LargeBlock block = take_kept_block(wanted);
  if (block.memory == nullptr) block = map_block(wanted);
  used_bytes += block.bytes;
  return block;
}

void give_back(LargeBlock block) {
  used_bytes -= block.bytes;
  const Attempt attempt(kept.mutex, std::try_to_lock);
  if (!attempt || block.bytes > kept.bytes_max) {
    munmap(block.memory, block.bytes);
    return;
  }
  while (kept.count == kept_blocks_max || kept.bytes + block.bytes > kept.bytes_max) {
    const LargeBlock oldest = kept.remove(0);
    munmap(oldest.memory, oldest.bytes);
  }
  madvise(block.memory, block.bytes, MADV_FREE);
  kept.blocks[kept.count++] = block;
  kept.bytes += block.bytes;
}

void keep_at_most(std::size_t bytes) {
  release_kept_blocks();
  const std::lock_guard lock(kept.mutex);
  kept.bytes_max = std::min(bytes, kept_bytes_max);
}

std::size_t used_block_bytes() { return used_bytes; }

std::size_t kept_block_bytes() {
  const Attempt attempt(kept.mutex, std::try_to_lock);
  return attempt ? kept.bytes : 0;
}

void release_kept_blocks() {
  const Attempt attempt(kept.mutex, std::try_to_lock);
  while (attempt && kept.count > 0) {
    const LargeBlock block = kept.remove(0);
    munmap(block.memory, block.bytes);
  }
}

bool resize_in_place(LargeBlock& block, std::size_t bytes) {
  const std::size_t wanted = whole_pages(bytes);
  if (mremap(block.memory, block.bytes, wanted, 0) == MAP_FAILED) return false;
  used_bytes += wanted - block.bytes;
  block.bytes = wanted;
  prefer_large_pages(block.memory, wanted);
  return true;
}

}  // namespace scaler
