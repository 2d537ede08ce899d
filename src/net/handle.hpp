#pragma once

#include <uv.h>

#include <functional>
#include <utility>

namespace scaler::net {

// Owns one libuv handle. libuv may keep using the block until its close callback has run, so the
// block outlives this object; the callback does not: once the destructor begins, it never starts
// again. `Args` are what libuv passes after the handle, so that &Handle::fire is the callback.
template <class Uv, class... Args>
class Handle {
 public:
  explicit Handle(std::function<void(Args...)> on_event)
      : block_(new Block{{}, std::move(on_event)}) {
    block_->uv.data = block_;
  }
  ~Handle() {
    block_->owned = false;
    block_->on_event = nullptr;
    if (!block_->open) {
      delete block_;
      return;
    }
    uv_close(reinterpret_cast<uv_handle_t*>(&block_->uv),
             [](uv_handle_t* raw) { delete static_cast<Block*>(raw->data); });
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  // init(Uv*) is libuv's initialiser; if it fails there is nothing to close.
  template <class Init>
  int open(Init&& init) {
    const int status = init(&block_->uv);
    block_->open = status == 0;
    return status;
  }

  Uv* raw() const { return &block_->uv; }

  static void fire(Uv* raw, Args... args) {
    Block& block = *static_cast<Block*>(raw->data);
    if (!block.owned) return;
    auto running = std::move(block.on_event);  // alive while it runs, even if it destroys its owner
    running(args...);
    if (block.owned) block.on_event = std::move(running);
  }

 private:
  struct Block {
    Uv uv;
    std::function<void(Args...)> on_event;
    bool owned = true;
    bool open = false;
  };
  Block* block_;
};

}  // namespace scaler::net
