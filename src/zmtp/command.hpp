#pragma once

#include <string_view>

#include "scaler/base/bytes.hpp"
#include "scaler/base/result.hpp"

namespace scaler::zmtp {

// ZMTP 3.1, RFC 37, "commands": a name of 1 to 255 bytes behind its length, then the command's
// data.
struct Command {  // views into the frame's body
  std::string_view name;
  ByteView data;
};

Result<Command> parse_command(ByteView body);
Bytes make_command(std::string_view name, ByteView data);

// The reason in the data of an ERROR command, fit for a log line.
std::string error_reason_of(ByteView data);

}  // namespace scaler::zmtp
