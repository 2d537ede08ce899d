#include "embed/cpython/python_memory.hpp"

#include "embed/cpython/python.hpp"
#include "scaler/base/large_pages.hpp"

namespace scaler::embed {

namespace {

PyMemAllocatorEx plain;  // what Python would use

void* advised(void* block, std::size_t bytes) {
  if (block != nullptr && bytes >= large_block_bytes) prefer_large_pages(block, bytes);
  return block;
}

void* allocate(void*, std::size_t bytes) { return advised(plain.malloc(plain.ctx, bytes), bytes); }

void* allocate_zeros(void*, std::size_t count, std::size_t bytes) {
  return advised(plain.calloc(plain.ctx, count, bytes), count * bytes);
}

void* reallocate(void*, void* block, std::size_t bytes) {
  return advised(plain.realloc(plain.ctx, block, bytes), bytes);
}

void release(void*, void* block) { plain.free(plain.ctx, block); }

}  // namespace

void prefer_large_pages_in_python() {
  PyMem_GetAllocator(PYMEM_DOMAIN_RAW, &plain);
  PyMemAllocatorEx ours{nullptr, allocate, allocate_zeros, reallocate, release};
  PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &ours);
}

}  // namespace scaler::embed
