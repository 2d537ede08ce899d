#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/memory_file.hpp"

namespace scaler::clientio {

// The way back of a store's files: whoever lets go of one says so here, in any thread, and the
// connection that it came by returns it. After the connection nobody listens.
class FileReturns {
 public:
  struct Return {
    std::uint64_t number = 0;
    bool unsure = false;  // somebody else may still see it
  };
  // `wake` is called, in any thread, when there is something to take.
  explicit FileReturns(std::function<void()> wake);

  void give(const Return& file);
  std::vector<Return> take();
  void close();
  bool empty() const { return !any_.load(std::memory_order_acquire); }

 private:
  const int process_;
  std::mutex mutex_;
  std::vector<Return> returned_;
  std::function<void()> wake_;  // empty: closed
  std::atomic<bool> any_ = false;
};

// A file of a store that this process may use until nobody holds it any more: bytes of an object to
// be read, or room for one to be written. A process that was forked meanwhile sees it too, so then
// it is returned for good.
class BorrowedFile final : public Backing {
 public:
  BorrowedFile(MemoryFile file, std::uint64_t number, std::shared_ptr<FileReturns> to);
  ~BorrowedFile() override;

  int descriptor() const override { return file_.descriptor(); }
  std::uint64_t number() const { return number_; }
  const FileReturns* lender() const { return to_.get(); }
  void close_descriptor() { file_.close_descriptor(); }
  void mark_unsure() { unsure_ = true; }
  // Whether it was lent to be written; only once, since it is an object's from then on.
  bool use_up() { return std::exchange(may_be_set_, false); }
  void allow_set() { may_be_set_ = true; }

  static BorrowedFile* of(const Bytes& bytes) {
    return dynamic_cast<BorrowedFile*>(bytes.backing());
  }
  static Bytes bytes_of(MemoryFile file, std::uint64_t number, std::shared_ptr<FileReturns> to);

 private:
  MemoryFile file_;
  const std::uint64_t number_;
  const std::shared_ptr<FileReturns> to_;
  const unsigned forks_before_;
  bool unsure_ = false;
  bool may_be_set_ = false;
};

}  // namespace scaler::clientio
