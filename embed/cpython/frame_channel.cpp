#include "embed/cpython/frame_channel.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "scaler/base/memory_file.hpp"
#include "scaler/base/passed_descriptors.hpp"

namespace scaler::embed {

namespace {

Error system_error(const char* doing) {
  const Errc code = errno == EPIPE || errno == ECONNRESET ? Errc::unavailable : Errc::system;
  return {code, fmt::format("{}: {}", doing, std::strerror(errno))};
}

}  // namespace

FrameChannel::FrameChannel(int descriptor) : descriptor_(descriptor), input_(chunk_bytes) {
  const int flags = fcntl(descriptor_, F_GETFL);
  if (flags >= 0) fcntl(descriptor_, F_SETFL, flags & ~O_NONBLOCK);
}

FrameChannel::~FrameChannel() {
  for (const int descriptor : descriptors_) close(descriptor);
  close(descriptor_);
}

int FrameChannel::take_descriptor(std::uint64_t file_number) {
  for (auto at = descriptors_.begin(); at != descriptors_.end(); ++at) {
    if (file_number_of(*at) != file_number) continue;
    const int found = *at;
    descriptors_.erase(at);
    return found;
  }
  return -1;
}

// As read(2); keeps the descriptors that come along.
ssize_t FrameChannel::read_some(std::span<std::byte> room) {
  constexpr std::size_t at_once_max = 64;
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int) * at_once_max)> control;
  iovec part{room.data(), room.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = recvmsg(descriptor_, &message, MSG_CMSG_CLOEXEC);
  if (got < 0) return got;
  for_each_passed(message, [this](int passed) { descriptors_.push_back(passed); });
  return got;
}

std::optional<Bytes> FrameChannel::next() {
  if (large_left_ == 0 && large_.size() > 0) return std::exchange(large_, Buffer()).freeze();
  if (large_left_ > 0) return std::nullopt;
  const ByteView waiting = input_.view().subspan(consumed_);
  if (waiting.size() < prefix_bytes) return std::nullopt;
  const std::uint64_t length = load_le64(waiting.data());
  if (length > waiting.size() - prefix_bytes) {
    take_header();
    return std::nullopt;
  }
  consumed_ += prefix_bytes + length;
  return Bytes::copy_of(waiting.subspan(prefix_bytes, length));
}

// A frame that does not fit what is here: small ones wait for the next chunk, large ones move to a
// block of their own. The memory is asked for at once because the other end is ours; pages come
// only as bytes do.
void FrameChannel::take_header() {
  const ByteView waiting = input_.view().subspan(consumed_);
  const std::uint64_t length = load_le64(waiting.data());
  if (prefix_bytes + length <= chunk_bytes / 2) return;
  SCALER_ASSERT(length < std::numeric_limits<std::int64_t>::max(), "length of a frame");
  const ByteView begin = waiting.subspan(prefix_bytes);
  large_ = Buffer(length);
  large_.append(begin);
  large_left_ = length - begin.size();
  input_.clear();
  consumed_ = 0;
}

Result<bool> FrameChannel::receive() {
  if (large_left_ == 0 && consumed_ > 0) {  // keep the begin of an unfinished frame at the front
    const std::size_t rest = input_.size() - consumed_;
    std::memmove(input_.data(), input_.data() + consumed_, rest);
    input_.clear();
    input_.commit(rest);
    consumed_ = 0;
  }
  const std::span<std::byte> room =
      large_left_ > 0
          ? large_.spare().first(std::min<std::size_t>(large_left_, std::size_t{1} << 30))
          : input_.spare();
  ssize_t got;
  do got = read_some(room);
  while (got < 0 && errno == EINTR);
  if (got < 0 && errno == ECONNRESET) return false;
  if (got < 0) return system_error("reading from the agent");
  if (got == 0) return false;
  const auto bytes = static_cast<std::size_t>(got);
  if (large_left_ > 0) {
    large_.commit(bytes);
    large_left_ -= bytes;
  } else {
    input_.commit(bytes);
  }
  return true;
}

Status FrameChannel::send(std::span<const ByteView> body) {
  SCALER_ASSERT(body.size() <= parts_max, "too many parts of a frame");
  std::array<std::byte, prefix_bytes> prefix;
  std::array<iovec, parts_max + 1> parts;  // as many as one sendmsg(2) takes
  std::size_t count = 1;
  std::uint64_t length = 0;
  for (const ByteView part : body) {
    parts[count++] = {const_cast<std::byte*>(part.data()), part.size()};
    length += part.size();
  }
  store_le64(prefix.data(), length);
  parts[0] = {prefix.data(), prefix.size()};

  const std::lock_guard lock(sending_);
  std::size_t first = 0;
  while (first < count) {
    msghdr message{};
    message.msg_iov = &parts[first];
    message.msg_iovlen = count - first;
    const ssize_t wrote = sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return system_error("writing to the agent");
    auto left = static_cast<std::size_t>(wrote);
    while (first < count && left >= parts[first].iov_len) left -= parts[first++].iov_len;
    if (first < count) {
      parts[first].iov_base = static_cast<std::byte*>(parts[first].iov_base) + left;
      parts[first].iov_len -= left;
    }
  }
  return ok();
}

}  // namespace scaler::embed
