#pragma once

namespace scaler::net {

// Lets a function that calls out know whether the object it belongs to survived the call. A Watch
// lives on the stack; Watches of one object nest.
//   Lifetime::Watch alive(lifetime_);
//   callback();
//   if (!alive) return;
class Lifetime {
 public:
  class Watch {
   public:
    explicit Watch(Lifetime& subject) : subject_(&subject), outer_(subject.innermost_) {
// The address of a local is stored on purpose: the destructor takes it back. GCC 12 cannot see
// that.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdangling-pointer"
      subject.innermost_ = this;
#pragma GCC diagnostic pop
    }
    ~Watch() {
      if (subject_ != nullptr) subject_->innermost_ = outer_;
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    explicit operator bool() const { return subject_ != nullptr; }

   private:
    friend class Lifetime;
    Lifetime* subject_;
    Watch* outer_;
  };

  Lifetime() = default;
  ~Lifetime() {
    for (Watch* watch = innermost_; watch != nullptr; watch = watch->outer_)
      watch->subject_ = nullptr;
  }
  Lifetime(const Lifetime&) = delete;
  Lifetime& operator=(const Lifetime&) = delete;

 private:
  Watch* innermost_ = nullptr;
};

}  // namespace scaler::net
