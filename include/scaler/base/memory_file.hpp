#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "scaler/base/bytes.hpp"
#include "scaler/base/result.hpp"

namespace scaler {

// Memory that another process of this host can be given: a file without a name whose size is
// sealed, so that whoever maps it never meets its end. It is mapped for reading, which costs
// nothing until somebody looks.
class MemoryFile {
 public:
  MemoryFile() = default;
  MemoryFile(MemoryFile&& other) noexcept { swap(other); }
  MemoryFile& operator=(MemoryFile&& other) noexcept {
    swap(other);
    return *this;
  }
  ~MemoryFile();

  static Result<MemoryFile> create(std::size_t bytes);
  // What another process gave: it is refused unless its size is sealed and at least `bytes_least`.
  // The descriptor is taken over in any case.
  static Result<MemoryFile> adopt(int descriptor, std::size_t bytes_least);

  int descriptor() const { return descriptor_; }  // -1: closed
  void close_descriptor();                        // the mapping stays
  ByteView view() const { return {memory_, size_}; }
  std::size_t size() const { return size_; }

 private:
  void swap(MemoryFile& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
  }
  Status map();

  int descriptor_ = -1;
  std::byte* memory_ = nullptr;
  std::size_t size_ = 0;
};

// What tells a file from all others of this host: the sender says it, so that a descriptor which
// got lost is noticed.
std::uint64_t file_number_of(int descriptor);  // 0: it is none

// The parts, one after the other, from the file's beginning. A page that is written so for the
// first time need not be cleared before, as it would be if it were written through a mapping.
Status write_file(int descriptor, std::span<const ByteView> parts);

// How often this process has forked: who maps a file has a child then that maps it too.
unsigned forks_so_far();

}  // namespace scaler
