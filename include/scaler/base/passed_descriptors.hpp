#pragma once

#include <sys/socket.h>

#include <cstring>
#include <span>

#include "scaler/base/assert.hpp"

// Descriptors beside a message on a Unix socket. For code within other interpreters too, hence
// without a library behind it.
namespace scaler {

// Lets `message` pass them on. `control` is aligned as a cmsghdr, holds
// CMSG_SPACE(descriptors.size_bytes()) bytes or more, zeroed, and lives until the message is sent.
inline void pass_descriptors(msghdr& message, std::span<std::byte> control,
                             std::span<const int> descriptors) {
  SCALER_ASSERT(control.size() >= CMSG_SPACE(descriptors.size_bytes()),
                "room for all descriptors that are passed");
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
}

// Calls adopt(int) for each that came with `message`; whoever is called closes it.
template <class Adopt>
void for_each_passed(msghdr& message, const Adopt& adopt) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t bytes = part->cmsg_len - CMSG_LEN(0);
    for (std::size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(part) + at, sizeof descriptor);
      adopt(descriptor);
    }
  }
}

}  // namespace scaler
