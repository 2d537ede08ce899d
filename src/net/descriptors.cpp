#include "scaler/net/descriptors.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "net/socket.hpp"
#include "scaler/base/assert.hpp"
#include "scaler/base/passed_descriptors.hpp"

namespace scaler::net {
namespace {

using ControlBuffer = std::array<std::byte, CMSG_SPACE(sizeof(int) * descriptors_max)>;

Error failure(const char* doing, int error) {
  const bool later = error == EAGAIN || error == ENOBUFS;
  return {later ? Errc::unavailable : Errc::system,
          fmt::format("{}: {}", doing, text_of_errno(error))};
}

std::vector<int> descriptors_of(msghdr& message) {
  std::vector<int> found;
  for_each_passed(message, [&found](int descriptor) { found.push_back(descriptor); });
  return found;
}

}  // namespace

Result<std::pair<int, int>> make_socketpair(SocketPairType type, Blocking blocking) {
  const int kind = type == SocketPairType::stream ? SOCK_STREAM : SOCK_SEQPACKET;
  const int flags = SOCK_CLOEXEC | (blocking == Blocking::no ? SOCK_NONBLOCK : 0);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, kind | flags, 0, ends.data()) != 0)
    return failure("making a pair of sockets", errno);
  return std::pair(ends[0], ends[1]);
}

Status send_with_descriptors(int socket, ByteView message, std::span<const int> descriptors) {
  SCALER_ASSERT(!message.empty() && descriptors.size() <= descriptors_max,
                "a message of at least one byte and at most descriptors_max descriptors");
  iovec part{const_cast<std::byte*>(message.data()), message.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) ControlBuffer control{};
  if (!descriptors.empty()) pass_descriptors(header, control, descriptors);
  ssize_t sent = 0;
  do sent = ::sendmsg(socket, &header, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) return failure("sending descriptors", errno);
  if (static_cast<std::size_t>(sent) != message.size())
    return Error{Errc::system, "sending descriptors: the message was cut"};
  return ok();
}

Result<ReceivedDescriptors> receive_with_descriptors(int socket, std::size_t bytes_max) {
  Buffer buffer(bytes_max);
  iovec part{buffer.spare().data(), bytes_max};
  alignas(cmsghdr) ControlBuffer control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t count = 0;
  do count = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  while (count < 0 && errno == EINTR);
  if (count < 0) return failure("receiving descriptors", errno);
  ReceivedDescriptors received{{}, descriptors_of(header)};
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    for (const int descriptor : received.descriptors) ::close(descriptor);
    return Error{Errc::bad_message, "receiving descriptors: the message was longer than expected"};
  }
  buffer.commit(static_cast<std::size_t>(count));
  received.message = std::move(buffer).freeze();
  return received;
}

}  // namespace scaler::net
