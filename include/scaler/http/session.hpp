#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "scaler/base/result.hpp"
#include "scaler/base/session.hpp"

// HTTP/1.1 (RFC 9112) as far as short exchanges of JSON need it: one message with a Content-Length
// after the other, no chunks, no upgrades.
namespace scaler::http {

struct Limits {
  std::size_t head_bytes_max = 16 * 1024;
  std::uint64_t body_bytes_max = std::uint64_t{1} << 20;
};

struct Request {
  std::string method;  // "POST"
  std::string target;  // "/"
  std::string body;
  bool keeps_alive = true;
};
struct Response {
  int status = 200;
  std::string body;  // JSON
};

// A connection of either side, as a machine. Each message is one MessageReceived, head and body;
// what is sent goes out as it is. There is no handshake, so PeerReady is not said.
std::unique_ptr<Session> make_session(const Limits& limits = {});

// Of what a session received.
Result<Request> parse_request(std::string_view message);
Result<Response> parse_response(std::string_view message);

std::string format(const Response& response, bool keeps_alive);
std::string format_post(std::string_view host, std::string_view target, std::string_view json);

}  // namespace scaler::http
