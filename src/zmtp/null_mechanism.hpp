#pragma once

#include <optional>

#include "scaler/zmtp/session.hpp"
#include "zmtp/command.hpp"

namespace scaler::zmtp {

// The NULL mechanism (RFC 37): READY each way and nothing else. A session knows of a mechanism only
// these three: the name that both greetings must carry, the command with which we start once the
// peer has greeted, and what each handshake command of the peer leads to. A mechanism with more
// rounds or with encryption takes this class's place.
class NullMechanism {
 public:
  static constexpr std::string_view name = "NULL";

  explicit NullMechanism(const Options& options) : options_(options) {}

  Bytes first_command() const;
  // The peer is ready, or the handshake goes on, or it has failed.
  Result<std::optional<PeerReady>> on_command(const Command& command) const;

 private:
  const Options& options_;
};

}  // namespace scaler::zmtp
