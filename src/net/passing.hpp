#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "net/socket.hpp"
#include "scaler/base/bytes.hpp"

namespace scaler::net {

// The descriptors that travel beside a connection's bytes (SCM_RIGHTS), both ways. One leaves with
// the bytes that tell of it, or with some just before; so the receiver has it when it reads them,
// and finds it by its file.
class DescriptorPassing {
 public:
  static constexpr std::size_t at_once_max = 64;  // as many as one writev has frames
  // What has arrived and nobody asked for. Whoever sends more has no manners.
  static constexpr std::size_t unclaimed_max = 128;
  using Control = std::array<std::byte, CMSG_SPACE(sizeof(int) * at_once_max)>;

  // `place`: how many bytes of the connection go before those that tell of it.
  void give(Bytes file, std::uint64_t place) { leaving_.push_back({std::move(file), place}); }
  // Adds what has to leave to a message that is about to be sent, up to the connection's byte
  // `end`; sent() when it was.
  void attach(msghdr& message, Control& control, std::uint64_t end);
  void sent();

  // As recv(2); notes the descriptors. `lost`: some did not arrive, for want of room in this
  // process or because there were too many.
  ssize_t receive(int socket, std::span<std::byte> target);
  bool received_some() const { return received_some_; }  // with the last receive()
  bool lost() const { return lost_; }
  Descriptor take(std::uint64_t file_number);  // none: it has not arrived

 private:
  struct Leaving {
    Bytes file;
    std::uint64_t place;
  };
  std::deque<Leaving> leaving_;
  std::size_t attached_ = 0;
  std::vector<Descriptor> arrived_;
  bool received_some_ = false;
  bool lost_ = false;
};

}  // namespace scaler::net
