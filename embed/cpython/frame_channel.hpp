#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/result.hpp"

namespace scaler::embed {

// Length-prefixed frames (8 bytes little-endian, then the body) over a blocking stream socket, in
// plain system calls. One thread reads; any may write. Owns the descriptor. Knows nothing of
// Python.
class FrameChannel {
 public:
  explicit FrameChannel(int descriptor);
  ~FrameChannel();
  FrameChannel(const FrameChannel&) = delete;
  FrameChannel& operator=(const FrameChannel&) = delete;

  int descriptor() const { return descriptor_; }
  // A descriptor that came beside frames, by its file_number_of(). The caller's from now on; -1: it
  // got lost, for want of room in this process.
  int take_descriptor(std::uint64_t file_number);

  // A complete frame that has been received, if there is one.
  std::optional<Bytes> next();
  // One read(2): returns false at the end of the stream. A frame above `direct_bytes_min` is read
  // straight into the block that next() hands out.
  Result<bool> receive();

  // One frame, whose body is the parts in their order, at most parts_max of them. Blocks until the
  // kernel has all of it. Errc::unavailable: the other end has gone.
  Status send(std::span<const ByteView> body);
  static constexpr std::size_t parts_max = 1023;

 private:
  void take_header();
  ssize_t read_some(std::span<std::byte> room);

  static constexpr std::size_t prefix_bytes = 8;
  static constexpr std::size_t chunk_bytes = 64 * 1024;

  int descriptor_;
  Buffer input_;                  // bytes as they came
  std::size_t consumed_ = 0;      // of input_
  Buffer large_;                  // the frame being received, if it is too large for input_
  std::size_t large_left_ = 0;    // bytes of it that are still to come
  std::vector<int> descriptors_;  // that came and were not taken
  std::mutex sending_;
};

}  // namespace scaler::embed
