#include "scaler/clientio/borrowed_file.hpp"

#include <unistd.h>

#include <utility>

namespace scaler::clientio {

FileReturns::FileReturns(std::function<void()> wake)
    : process_(::getpid()), wake_(std::move(wake)) {}

void FileReturns::give(const Return& file) {
  if (::getpid() != process_) return;  // a fork has neither the connection nor, surely, the lock
  const std::lock_guard lock(mutex_);
  if (!wake_) return;
  returned_.push_back(file);
  if (!any_.exchange(true, std::memory_order_release)) wake_();
}

std::vector<FileReturns::Return> FileReturns::take() {
  const std::lock_guard lock(mutex_);
  any_.store(false, std::memory_order_release);
  return std::exchange(returned_, {});
}

void FileReturns::close() {
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
  returned_.clear();
}

BorrowedFile::BorrowedFile(MemoryFile file, std::uint64_t number, std::shared_ptr<FileReturns> to)
    : file_(std::move(file)), number_(number), to_(std::move(to)), forks_before_(forks_so_far()) {}

BorrowedFile::~BorrowedFile() {
  file_ = MemoryFile();  // not seen any more, before it is said
  to_->give({number_, unsure_ || forks_before_ != forks_so_far()});
}

Bytes BorrowedFile::bytes_of(MemoryFile file, std::uint64_t number,
                             std::shared_ptr<FileReturns> to) {
  const ByteView view = file.view();
  return Bytes::backed_by(std::make_unique<BorrowedFile>(std::move(file), number, std::move(to)),
                          view);
}

}  // namespace scaler::clientio
