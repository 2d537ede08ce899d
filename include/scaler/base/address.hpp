#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scaler/base/result.hpp"

namespace scaler {

// Where to listen or connect: tcp://host:port (host may be a name, an IPv4 literal, [IPv6] or * for
// all), or ipc:///path.
struct Address {
  enum class Scheme : std::uint8_t { tcp, ipc };
  Scheme scheme = Scheme::tcp;
  std::string host;        // tcp; without brackets
  std::uint16_t port = 0;  // tcp; 0 asks the system for a free port when listening
  std::string path;        // ipc

  // The error names the wrong part and shows a valid example.
  static Result<Address> parse(std::string_view text);
  std::string to_string() const;
  friend bool operator==(const Address&, const Address&) = default;
};

}  // namespace scaler
