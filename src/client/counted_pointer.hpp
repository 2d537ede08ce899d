#pragma once

#include <cstddef>
#include <utility>

namespace scaler::client {

// One of the owners of a value, in eight bytes. The count is not atomic: one thread owns them all.
template <class Value>
class CountedPointer {
 public:
  CountedPointer() = default;
  CountedPointer(const CountedPointer& other) : counted_(other.counted_) {
    if (counted_ != nullptr) ++counted_->owners;
  }
  CountedPointer(CountedPointer&& other) noexcept
      : counted_(std::exchange(other.counted_, nullptr)) {}
  CountedPointer& operator=(CountedPointer other) noexcept {
    std::swap(counted_, other.counted_);
    return *this;
  }
  ~CountedPointer() {
    if (counted_ != nullptr && --counted_->owners == 0) delete counted_;
  }

  explicit operator bool() const { return counted_ != nullptr; }
  Value* operator->() const { return &counted_->value; }
  Value& operator*() const { return counted_->value; }

 private:
  template <class Made, class From>
  friend CountedPointer<Made> make_counted(From&& from);

  struct Counted {
    std::size_t owners;
    Value value;
  };
  Counted* counted_ = nullptr;
};

template <class Made, class From>
CountedPointer<Made> make_counted(From&& from) {
  CountedPointer<Made> made;
  made.counted_ = new typename CountedPointer<Made>::Counted{1, std::forward<From>(from)};
  return made;
}

}  // namespace scaler::client
