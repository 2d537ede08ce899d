#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "scaler/agent/channel_protocol.hpp"
#include "scaler/base/bytes.hpp"

namespace scaler::roles {

// The store's memory files that one processor has: arguments that it reads, and room for its
// results. What it says of them is a user's code's to say, so it is checked. What it has when it
// ends is never used again, for it may have forked.
class SeatFiles {
 public:
  ~SeatFiles();

  // If the object lies in a file that can be passed on: the message that goes with it.
  std::optional<agent::GiveFile> give(const agent::GiveObject& object);
  // Room for a result; it has the file then. Number 0 if there is none to be had.
  agent::LendFile lend(const Bytes& file);
  bool may_want() const;

  // False, or nothing: it has no such file.
  bool done(const agent::FileDone& said);
  std::optional<Bytes> missing(const agent::FileMissing& said);
  std::optional<Bytes> result(std::uint64_t number, std::uint64_t bytes);

 private:
  struct Held {
    Bytes file;
    std::uint64_t times = 0;
    bool writable = false;
  };
  std::unordered_map<std::uint64_t, Held> held_;
};

}  // namespace scaler::roles
