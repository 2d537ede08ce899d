#pragma once

#include <string>

#include "scaler/zmtp/session.hpp"
#include "support/session_drive.hpp"

// Bytes of a ZMTP peer, put together by hand: independent of the code under test.
namespace scaler::zmtp {

using support::drain;
using support::feed;
using support::take_output;
using Lines = std::vector<std::string>;

inline std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

inline std::string greeting(int major = 3, int minor = 1, std::string mechanism = "NULL") {
  mechanism.resize(20);
  return bytes({0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, major, minor}) + mechanism +
         std::string(32, '\0');
}

inline std::string frame(int flags, const std::string& body) {
  return bytes({flags, static_cast<int>(body.size())}) + body;
}
inline std::string long_header(int flags, std::uint64_t length) {
  std::string text = bytes({flags});
  for (int shift = 56; shift >= 0; shift -= 8) text += static_cast<char>(length >> shift & 0xff);
  return text;
}

inline std::string property(const std::string& name, const std::string& value) {
  return bytes({static_cast<int>(name.size()), 0, 0, 0, static_cast<int>(value.size())})
             .insert(1, name) +
         value;
}
inline std::string command(const std::string& name, const std::string& data = "") {
  return frame(4, bytes({static_cast<int>(name.size())}) + name + data);
}
inline std::string ready(const std::string& socket_type, const std::string& identity = "") {
  return command("READY", property("Socket-Type", socket_type) + property("Identity", identity));
}

inline std::unique_ptr<Session> make(SocketType local, std::string_view identity = "",
                                     SessionLimits limits = {}) {
  return make_session({.local = local,
                       .identity = Bytes::copy_of(identity),
                       .limits = limits,
                       .announce_scaler = false});
}

// What is said to a whole handshake and then `more`; the handshake's own line is left out.
inline Lines after_handshake(Session& session, const std::string& socket_type,
                             const std::string& more, int minor = 1) {
  Lines lines = feed(session, greeting(3, minor) + ready(socket_type, "p") + more);
  SCALER_ASSERT(!lines.empty() && lines[0] == "ready p", lines.empty() ? "nothing" : lines[0]);
  lines.erase(lines.begin());
  return lines;
}

}  // namespace scaler::zmtp
