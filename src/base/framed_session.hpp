#pragma once

#include "base/frame_reader.hpp"
#include "base/write_queue.hpp"
#include "scaler/base/session.hpp"

namespace scaler {

// What the codecs share: one reader, one write queue, and what happens around a parse. A codec
// implements parse() and send().
class FramedSession : public Session {
 public:
  std::span<std::byte> receive_buffer() final { return reader_.receive_buffer(); }
  void received(std::size_t bytes) final { reader_.received(bytes); }
  Result<std::optional<SessionEvent>> next() final;
  std::span<const ByteView> to_send() final { return queue_.views(); }
  void sent(std::size_t bytes) final { queue_.consume(bytes); }

 protected:
  using Parsed = Result<std::optional<SessionEvent>>;
  static Parsed nothing_yet() { return std::optional<SessionEvent>{}; }
  static Parsed event(SessionEvent event) { return std::optional<SessionEvent>{std::move(event)}; }

  // The next event of what has arrived. After its first error it is never called again.
  virtual Parsed parse() = 0;

  FrameReader reader_;
  WriteQueue queue_;

 private:
  bool failed_ = false;
};

}  // namespace scaler
