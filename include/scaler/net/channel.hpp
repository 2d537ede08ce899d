#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "scaler/base/bytes.hpp"
#include "scaler/net/loop.hpp"

namespace scaler::net {

// One end of a stream socketpair between an agent and its processor: length-prefixed frames (8
// bytes little-endian, then the body), as ymq without a handshake. Owns the descriptor. Sending
// queues; one writev per turn.
class Channel {
 public:
  struct Events {
    std::function<void(Bytes frame)> on_frame;
    std::function<void(std::string_view why)> on_end;  // once; nothing follows
  };
  Channel(Loop& loop, int descriptor, Events events);
  ~Channel();
  void send(Bytes frame);
  void send(Bytes begin, Bytes rest);            // one frame, without joining the two
  void send_with_file(Bytes frame, Bytes file);  // the descriptor of the file goes beside it
  std::size_t queued_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::net
