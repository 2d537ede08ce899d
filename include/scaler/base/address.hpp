#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scaler/base/result.hpp"

namespace scaler {

// Where to listen or connect: tcp://host:port (host may be a name, an IPv4 literal, [IPv6] or * for
// all), ipc:///path, or ws://host:port/path, a WebSocket on tcp. tls:// and wss:// are tcp:// and
// ws:// with TLS below.
struct Address {
  enum class Scheme : std::uint8_t { tcp, ipc, ws, tls, wss };
  Scheme scheme = Scheme::tcp;
  std::string host;        // all but ipc; without brackets
  std::uint16_t port = 0;  // all but ipc; 0 asks the system for a free port when listening
  std::string path;        // ipc; ws and wss, where it begins with '/'

  // The error names the wrong part and shows a valid example.
  static Result<Address> parse(std::string_view text);
  // What a peer says of a third one. An unknown scheme is taken for tcp: some leave it empty.
  static Address told(std::string_view scheme, std::string host, std::uint16_t port);
  std::string to_string() const;
  std::string host_and_port() const;  // with brackets where they are needed
  std::string_view scheme_name() const;
  bool has_port() const { return scheme != Scheme::ipc; }
  bool is_websocket() const { return scheme == Scheme::ws || scheme == Scheme::wss; }
  bool is_encrypted() const { return scheme == Scheme::tls || scheme == Scheme::wss; }
  friend bool operator==(const Address&, const Address&) = default;
};

}  // namespace scaler
