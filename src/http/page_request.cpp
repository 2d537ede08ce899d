#include <fmt/format.h>

#include <algorithm>

#include "http/head_lines.hpp"
#include "scaler/http/browser.hpp"

namespace scaler::http {

namespace {

constexpr std::string_view end_of_line = "\r\n";

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) {
    return letter > ' ' && letter < '\x7f' &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(letter) == std::string_view::npos;
  });
}

bool is_visible(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char letter) {
    const auto code = static_cast<unsigned char>(letter);
    return (code < 0x20 && letter != '\t') || code == 0x7f;
  });
}

// "gzip, deflate;q=0.5": whether gzip is among them, and not by ";q=0".
bool takes_gzip(std::string_view codings) {
  while (!codings.empty()) {
    std::string_view coding = take_until(codings, ",");
    if (!equal_ignoring_case(trimmed(take_until(coding, ";")), "gzip")) continue;
    const std::string_view weight = trimmed(coding);
    return weight != "q=0" && !weight.starts_with("q=0.000");
  }
  return false;
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty())
    if (equal_ignoring_case(trimmed(take_until(list, ",")), word)) return true;
  return false;
}

void take_header(PageRequest& request, std::string_view name, std::string_view value) {
  const auto is = [&](std::string_view wanted) { return equal_ignoring_case(name, wanted); };
  if (is("host")) request.host = value;
  if (is("origin")) request.origin = value;
  if (is("if-none-match")) request.if_none_match = value;
  if (is("accept-encoding")) request.accepts_gzip = takes_gzip(value);
  if (is("connection") && has_word(value, "close")) request.keeps_alive = false;
  if (is("transfer-encoding") || (is("content-length") && value != "0")) request.has_body = true;
}

Result<PageRequest> parse_start(std::string_view line) {
  PageRequest request;
  request.method = take_until(line, " ");
  std::string_view target = take_until(line, " ");
  if (!is_token(request.method) || !target.starts_with('/') || !is_visible(target))
    return http_error("a first line that is no request");
  if (!line.starts_with("HTTP/1.") || line.size() != 8) return http_error("a version other than 1");
  request.path = take_until(target, "?");
  request.keeps_alive = line != "HTTP/1.0";
  return request;
}

}  // namespace

Result<PageRequest> parse_page_request(std::string_view head) {
  if (head.ends_with("\r\n\r\n")) head.remove_suffix(4);
  SCALER_TRY(request, parse_start(take_until(head, end_of_line)));
  bool has_host = false;
  while (!head.empty()) {
    std::string_view line = take_until(head, end_of_line);
    const std::string_view whole = line;
    const std::string_view name = take_until(line, ":");
    if (name.size() == whole.size() || !is_token(name) || !is_visible(line))
      return http_error("a header that is none");
    if (equal_ignoring_case(name, "host") && std::exchange(has_host, true))
      return http_error("two hosts");
    take_header(request, name, trimmed(line));
  }
  return request;
}

std::string format_head(const PageResponse& response, bool keeps_alive) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_of(response.status));
  if (response.status != 304)
    head += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", response.content_type,
                        response.body_bytes);
  if (response.is_gzipped) head += "Content-Encoding: gzip\r\n";
  if (!response.etag.empty())
    head += fmt::format("ETag: {}\r\nVary: Accept-Encoding\r\n", response.etag);
  return head + fmt::format(
                    "Cache-Control: no-cache\r\nContent-Security-Policy: default-src 'self'; "
                    "frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\n"
                    "Referrer-Policy: no-referrer\r\n{}Connection: {}\r\n\r\n",
                    response.more, keeps_alive ? "keep-alive" : "close");
}

bool is_own_origin(std::string_view origin, std::string_view host,
                   const std::vector<std::string>& allowed) {
  if (std::find(allowed.begin(), allowed.end(), origin) != allowed.end()) return true;
  for (const std::string_view scheme : {"http://", "https://"})
    if (origin.starts_with(scheme))
      return !host.empty() && equal_ignoring_case(origin.substr(scheme.size()), host);
  return false;
}

}  // namespace scaler::http
