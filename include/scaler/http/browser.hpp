#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scaler/base/result.hpp"
#include "scaler/base/session.hpp"

// What a server of pages needs of HTTP/1.1 (RFC 9112) and of WebSocket (RFC 6455): requests without
// a body, and one path whose connections become WebSockets.
namespace scaler::http {

struct BrowserOptions {
  std::string socket_path = "/ws";
  // "http://dash.example:8080": pages of these servers may open the WebSocket too, besides our own.
  std::vector<std::string> allowed_origins = {};
  std::size_t head_bytes_max = 8 * 1024;
  std::size_t message_bytes_max = 4 * 1024;  // of what a page says
  std::size_t unread_bytes_max = 64 * 1024;  // of answers, when the next request comes
};

// One browser's connection, as a machine. It says
//   MessageReceived   a request by GET or HEAD, its head; answer it by send(), bytes as they are
//   PeerReady         it is a WebSocket from now on: each send() is one text message
//   MessageReceived   a text message of the page's, whole and UTF-8
//   MessageIgnored    it answered a fault or the other side's close by itself, and hears nothing
//                     more: close gently
// Requests that no page makes are answered here: 400, 403 (another page's script), 405, 426, 431.
std::unique_ptr<Session> make_browser_session(BrowserOptions options = {});

struct PageRequest {
  std::string method;  // "GET", "HEAD"
  std::string path;    // of the target, without its query
  std::string host;
  std::string origin;         // empty: none was given
  std::string if_none_match;  // as it stands
  bool accepts_gzip = false;
  bool keeps_alive = true;
  bool has_body = false;
};
Result<PageRequest> parse_page_request(std::string_view head);

struct PageResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string etag;  // with its quotes; empty: none
  bool is_gzipped = false;
  std::size_t body_bytes = 0;
  std::string more;  // header lines, each with its line break
};
// All but the body. What browsers are told of safety goes with each.
std::string format_head(const PageResponse& response, bool keeps_alive);

// Whether a page of `origin` may talk to a server that the browser knows as `host`.
bool is_own_origin(std::string_view origin, std::string_view host,
                   const std::vector<std::string>& allowed);

}  // namespace scaler::http
