#include "net/passing.hpp"

#include <algorithm>
#include <utility>

#include "scaler/base/memory_file.hpp"
#include "scaler/base/passed_descriptors.hpp"

namespace scaler::net {

void DescriptorPassing::attach(msghdr& message, Control& control, std::uint64_t end) {
  std::array<int, at_once_max> descriptors;
  attached_ = 0;
  for (const Leaving& leaving : leaving_) {
    if (attached_ == at_once_max || leaving.place >= end) break;
    descriptors[attached_++] = leaving.file.backing()->descriptor();
  }
  if (attached_ == 0) return;
  pass_descriptors(message, control, std::span(descriptors).first(attached_));
}

void DescriptorPassing::sent() {
  leaving_.erase(leaving_.begin(),
                 leaving_.begin() + static_cast<std::ptrdiff_t>(std::exchange(attached_, 0)));
}

ssize_t DescriptorPassing::receive(int socket, std::span<std::byte> target) {
  alignas(cmsghdr) Control control{};
  iovec part{target.data(), target.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  received_some_ = false;
  const ssize_t count = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count < 0) return count;
  for_each_passed(message, [this](int descriptor) {
    arrived_.emplace_back(descriptor);
    received_some_ = true;
  });
  if ((message.msg_flags & MSG_CTRUNC) != 0 || arrived_.size() > unclaimed_max) lost_ = true;
  return count;
}

Descriptor DescriptorPassing::take(std::uint64_t file_number) {
  const auto found =
      std::find_if(arrived_.begin(), arrived_.end(), [file_number](const Descriptor& descriptor) {
        return file_number_of(descriptor.get()) == file_number;
      });
  if (found == arrived_.end()) return {};
  Descriptor taken = std::move(*found);
  arrived_.erase(found);
  return taken;
}

}  // namespace scaler::net
