#include "zmtp/null_mechanism.hpp"

#include "base/printable.hpp"
#include "zmtp/metadata.hpp"

namespace scaler::zmtp {

Bytes NullMechanism::first_command() const {
  const Bytes metadata = make_metadata({.socket_type = options_.local,
                                        .identity = options_.identity,
                                        .speaks_scaler = options_.announce_scaler});
  return make_command("READY", metadata);
}

Result<std::optional<PeerReady>> NullMechanism::on_command(const Command& command) const {
  if (command.name == "ERROR")
    return Error{Errc::protocol, "the peer refuses us: " + error_reason_of(command.data)};
  if (command.name != "READY")
    return Error{Errc::protocol, "expected READY from the peer, got the command " +
                                     printable(as_bytes(command.name))};
  SCALER_TRY(ready,
             parse_metadata(command.data, options_.local, options_.limits.identity_bytes_max));
  return std::optional<PeerReady>{std::move(ready)};
}

}  // namespace scaler::zmtp
