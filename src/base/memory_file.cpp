#include "scaler/base/memory_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace scaler {
namespace {

constexpr unsigned noexec_seal = 0x0008;  // MFD_NOEXEC_SEAL, of Linux 6.3 and later
constexpr int size_seals = F_SEAL_SHRINK | F_SEAL_GROW;

Error failure(const char* doing) {
  return {Errc::system, fmt::format("memory file: {}: {}", doing, std::strerror(errno))};
}

int open_file() {
  const int file = ::memfd_create("scaler", MFD_CLOEXEC | MFD_ALLOW_SEALING | noexec_seal);
  if (file >= 0 || errno != EINVAL) return file;
  return ::memfd_create("scaler", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

std::atomic<unsigned> forks = 0;
[[maybe_unused]] const int counts_forks = pthread_atfork([] { ++forks; }, nullptr, nullptr);

}  // namespace

MemoryFile::~MemoryFile() {
  if (memory_ != nullptr) ::munmap(memory_, size_);
  close_descriptor();
}

void MemoryFile::close_descriptor() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

Result<MemoryFile> MemoryFile::create(std::size_t bytes) {
  MemoryFile file;
  file.descriptor_ = open_file();
  if (file.descriptor_ < 0) return failure("making one");
  if (::ftruncate(file.descriptor_, static_cast<off_t>(bytes)) != 0 ||
      ::fcntl(file.descriptor_, F_ADD_SEALS, size_seals | F_SEAL_SEAL) != 0)
    return failure("fixing its size");
  file.size_ = bytes;
  SCALER_CHECK(file.map());
  return file;
}

Result<MemoryFile> MemoryFile::adopt(int descriptor, std::size_t bytes_least) {
  MemoryFile file;
  file.descriptor_ = descriptor;
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return failure("looking at one");
  const int seals = ::fcntl(descriptor, F_GET_SEALS);
  if (seals < 0 || (seals & size_seals) != size_seals)
    return Error{Errc::protocol, "memory file: its size may change"};
  file.size_ = static_cast<std::size_t>(status.st_size);
  if (file.size_ < bytes_least || file.size_ == 0)
    return Error{Errc::protocol,
                 fmt::format("memory file: {} bytes, {} were said", file.size_, bytes_least)};
  SCALER_CHECK(file.map());
  return file;
}

Status MemoryFile::map() {
  void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, descriptor_, 0);
  if (memory == MAP_FAILED) return failure("mapping it");
  memory_ = static_cast<std::byte*>(memory);
  return ok();
}

std::uint64_t file_number_of(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

Status write_file(int descriptor, std::span<const ByteView> parts) {
  constexpr std::size_t batch_max = 64;
  std::size_t skip = 0;  // bytes of the first part that are there already
  off_t at = 0;
  while (!parts.empty()) {
    std::array<iovec, batch_max> batch;
    const std::size_t count = std::min(parts.size(), batch_max);
    for (std::size_t i = 0; i < count; ++i)
      batch[i] = {const_cast<std::byte*>(parts[i].data()), parts[i].size()};
    batch[0].iov_base = static_cast<std::byte*>(batch[0].iov_base) + skip;
    batch[0].iov_len -= skip;
    const ssize_t wrote = ::pwritev(descriptor, batch.data(), static_cast<int>(count), at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return failure("writing");
    at += wrote;
    auto left = static_cast<std::size_t>(wrote) + skip;
    while (!parts.empty() && left >= parts[0].size()) {
      left -= parts[0].size();
      parts = parts.subspan(1);
    }
    if (wrote == 0 && !parts.empty()) {
      errno = ENOSPC;
      return failure("writing");
    }
    skip = left;
  }
  return ok();
}

unsigned forks_so_far() { return forks; }

}  // namespace scaler
