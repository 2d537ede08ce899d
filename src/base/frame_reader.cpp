#include "base/frame_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "scaler/base/assert.hpp"

namespace scaler {
namespace {

// The read buffer of whoever reads next: a loop reads one connection at a time, and most reads
// leave nothing behind, so one is enough for all of a thread.
thread_local Buffer spare_buffer;

Buffer borrow_buffer() {
  if (spare_buffer.capacity() > 0) return std::exchange(spare_buffer, Buffer{});
  return Buffer(FrameReader::read_buffer_bytes);
}

void give_back(Buffer buffer) {
  if (buffer.capacity() != FrameReader::read_buffer_bytes || spare_buffer.capacity() > 0) return;
  buffer.clear();
  spare_buffer = std::move(buffer);
}

}  // namespace

std::span<std::byte> FrameReader::receive_buffer() {
  if (body_length_ == 0) {
    make_room();
    return buffer_.spare();
  }
  // The last bytes of a frame that nobody asked for yet: what follows goes to the read buffer.
  if (body_.size() == body_length_) {
    make_room();
    return buffer_.spare();
  }
  if (body_.size() == body_.capacity()) {
    std::uint64_t room = body_.size();
    if (room >= in_place_wide_bytes)
      room = std::max(room, std::min((wide_growth - 1) * room, wide_room_bytes_max));
    body_.reserve(
        static_cast<std::size_t>(std::min<std::uint64_t>(body_length_, body_.size() + room)));
  }
  const auto missing = static_cast<std::size_t>(body_length_ - body_.size());
  return body_.spare().first(std::min(missing, body_.spare().size()));
}

void FrameReader::received(std::size_t bytes) {
  const bool in_place = body_length_ != 0 && body_.size() != body_length_;
  (in_place ? body_ : buffer_).commit(bytes);
}

void FrameReader::consume(std::size_t bytes) {
  SCALER_ASSERT(bytes <= unread().size(), "consuming more than has arrived");
  consumed_ += bytes;
}

std::optional<Bytes> FrameReader::take_body(std::uint64_t length) {
  if (body_length_ != 0) {
    SCALER_ASSERT(length == body_length_, "another length than was first asked for");
    if (body_.size() != body_length_) return std::nullopt;
    body_length_ = 0;
    return std::exchange(body_, Buffer{}).freeze();
  }
  if (length <= unread().size()) {
    Bytes body = Bytes::copy_of(unread().first(static_cast<std::size_t>(length)));
    consume(body.size());
    return body;
  }
  if (length > in_place_bytes_min) {
    body_length_ = length;
    body_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(length, in_place_first_bytes)));
    body_.append(unread());
    consume(unread().size());
  }
  return std::nullopt;
}

void FrameReader::settle() {
  const ByteView rest = unread();
  if (rest.empty()) {
    give_back(std::exchange(buffer_, Buffer{}));
  } else if (rest.size() <= buffer_.capacity() / 4) {
    Buffer small(rest.size());
    small.append(rest);
    give_back(std::exchange(buffer_, std::move(small)));
  } else {
    return;
  }
  consumed_ = 0;
}

void FrameReader::make_room() {
  if (buffer_.capacity() - buffer_.size() >= in_place_bytes_min) return;
  const ByteView rest = unread();
  if (buffer_.capacity() < read_buffer_bytes || rest.size() > buffer_.capacity() / 2) {
    // The second case: somebody keeps receiving without asking for what has arrived.
    Buffer larger =
        2 * rest.size() <= read_buffer_bytes ? borrow_buffer() : Buffer(2 * rest.size());
    larger.append(rest);
    buffer_ = std::move(larger);
  } else {
    std::memmove(buffer_.data(), rest.data(), rest.size());
    buffer_.clear();
    buffer_.commit(rest.size());
  }
  consumed_ = 0;
}

}  // namespace scaler
