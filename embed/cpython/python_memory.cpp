#include "embed/cpython/python_memory.hpp"

#include <pthread.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <unordered_map>

#include "embed/cpython/python.hpp"
#include "scaler/base/large_blocks.hpp"
#include "scaler/base/large_pages.hpp"

namespace scaler::embed {

namespace {

// Where Python's memory begins in a block of ours. Few addresses of other memory look like that, so
// that freeing those asks no further.
constexpr std::size_t offset_bytes = 64;
constexpr std::uintptr_t place_mask = (std::uintptr_t{2} << 20) - 1;

PyMemAllocatorEx plain;  // what Python would use

// The blocks that Python has, by its address of them. Never destroyed: Python frees until the end.
struct Given {
  std::mutex mutex;
  std::unordered_map<void*, LargeBlock> blocks;
};
Given* given = nullptr;

bool may_be_ours(const void* memory) {
  return (reinterpret_cast<std::uintptr_t>(memory) & place_mask) == offset_bytes;
}

std::optional<LargeBlock> find(void* memory) {
  if (!may_be_ours(memory)) return std::nullopt;
  const std::lock_guard lock(given->mutex);
  const auto found = given->blocks.find(memory);
  if (found == given->blocks.end()) return std::nullopt;
  return found->second;
}

void* allocate_large(std::size_t bytes) {
  try {
    const LargeBlock block = take_large_block(bytes + offset_bytes);
    void* const memory = static_cast<std::byte*>(block.memory) + offset_bytes;
    const std::lock_guard lock(given->mutex);
    given->blocks.emplace(memory, block);
    return memory;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void release_large(void* memory, LargeBlock block) {
  {
    const std::lock_guard lock(given->mutex);
    given->blocks.erase(memory);
  }
  give_back(block);
}

void* allocate(void*, std::size_t bytes) {
  return bytes >= large_block_bytes ? allocate_large(bytes) : plain.malloc(plain.ctx, bytes);
}

// Fresh pages are zeros already, and untouched ones cost nothing.
void* allocate_zeros(void*, std::size_t count, std::size_t bytes) {
  void* memory = plain.calloc(plain.ctx, count, bytes);
  if (memory != nullptr) prefer_large_pages(memory, count * bytes);
  return memory;
}

void release(void*, void* memory) {
  if (const auto block = find(memory)) return release_large(memory, *block);
  plain.free(plain.ctx, memory);
}

void* reallocate(void* context, void* memory, std::size_t bytes) {
  const auto block = find(memory);
  if (!block) {
    void* moved = plain.realloc(plain.ctx, memory, bytes);
    if (moved != nullptr) prefer_large_pages(moved, bytes);
    return moved;
  }
  const std::size_t room = block->bytes - offset_bytes;
  if (bytes <= room && bytes >= room / 2) return memory;
  void* moved = allocate(context, bytes);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, memory, std::min(room, bytes));
  release_large(memory, *block);
  return moved;
}

}  // namespace

void give_python_large_blocks() {
  given = new Given;
  // A fork while another thread is in here would leave the child with a lock that nobody opens.
  pthread_atfork([] { given->mutex.lock(); }, [] { given->mutex.unlock(); },
                 [] { given->mutex.unlock(); });
  PyMem_GetAllocator(PYMEM_DOMAIN_RAW, &plain);
  PyMemAllocatorEx ours{nullptr, allocate, allocate_zeros, reallocate, release};
  PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &ours);
}

}  // namespace scaler::embed
