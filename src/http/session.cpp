#include "scaler/http/session.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/framed_session.hpp"
#include "http/head_lines.hpp"

namespace scaler::http {

namespace {

struct Head {
  std::string_view start;  // the first line
  std::uint64_t body_bytes = 0;
  bool closes = false;
};

Result<std::uint64_t> parse_length(std::string_view text) {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size() || text.empty())
    return http_error("a Content-Length that is no number");
  return length;
}

// `head` is without the empty line.
Result<Head> parse_head(std::string_view head) {
  Head found;
  std::size_t at = head.find("\r\n");
  found.start = head.substr(0, at);
  std::optional<std::uint64_t> length;
  while (at != std::string_view::npos) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string_view line =
        head.substr(begin, at == std::string_view::npos ? at : at - begin);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return http_error("a header without a name");
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (equal_ignoring_case(name, "transfer-encoding")) return http_error("a body in chunks");
    if (equal_ignoring_case(name, "connection")) found.closes = equal_ignoring_case(value, "close");
    if (!equal_ignoring_case(name, "content-length")) continue;
    SCALER_TRY(given, parse_length(value));
    if (length && *length != given) return http_error("two lengths of one body");
    length = given;
  }
  found.body_bytes = length.value_or(0);
  return found;
}

class HttpSession final : public FramedSession {
 public:
  explicit HttpSession(const Limits& limits) : limits_(limits) {}

  void send(Bytes message) override {
    queue_.push(WriteQueue::Kind::message, {}, std::move(message));
  }
  std::size_t queued_bytes() const override { return queue_.message_bytes(); }

 private:
  Parsed parse() override {
    if (!message_bytes_) {
      const std::string_view unread = text_of(reader_.unread());
      const std::size_t end = unread.substr(0, limits_.head_bytes_max).find(end_of_head);
      if (end == std::string_view::npos) {
        if (unread.size() >= limits_.head_bytes_max) return http_error("a head that does not end");
        return nothing_yet();
      }
      SCALER_TRY(head, parse_head(unread.substr(0, end)));
      if (head.body_bytes > limits_.body_bytes_max)
        return Error{Errc::too_large, fmt::format("http: a body of {} bytes", head.body_bytes)};
      message_bytes_ = end + end_of_head.size() + head.body_bytes;
    }
    auto message = reader_.take_body(*message_bytes_);
    if (!message) return nothing_yet();
    message_bytes_.reset();
    return event(MessageReceived{std::move(*message)});
  }

  static std::string_view text_of(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  const Limits limits_;
  std::optional<std::uint64_t> message_bytes_;  // of the one on its way
};

struct Parts {
  Head head;
  std::string_view body;
};

Result<Parts> split(std::string_view message) {
  const std::size_t end = message.find(end_of_head);
  if (end == std::string_view::npos) return http_error("no head");
  SCALER_TRY(head, parse_head(message.substr(0, end)));
  return Parts{head, message.substr(end + end_of_head.size())};
}

}  // namespace

std::unique_ptr<Session> make_session(const Limits& limits) {
  return std::make_unique<HttpSession>(limits);
}

Result<Request> parse_request(std::string_view message) {
  SCALER_TRY(parts, split(message));
  const std::string_view line = parts.head.start;
  const std::size_t first = line.find(' ');
  const std::size_t second = line.find(' ', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return http_error("a first line that is no request");
  const std::string_view version = line.substr(second + 1);
  if (!version.starts_with("HTTP/1.")) return http_error("a version other than 1");
  return Request{std::string(line.substr(0, first)),
                 std::string(line.substr(first + 1, second - first - 1)), std::string(parts.body),
                 !parts.head.closes && version != "HTTP/1.0"};
}

Result<Response> parse_response(std::string_view message) {
  SCALER_TRY(parts, split(message));
  const std::string_view line = parts.head.start;
  int status = 0;
  if (line.size() < 12 || !line.starts_with("HTTP/1.") ||
      std::from_chars(line.data() + 9, line.data() + 12, status).ptr != line.data() + 12)
    return http_error("a first line that is no response");
  return Response{status, std::string(parts.body)};
}

std::string format(const Response& response, bool keeps_alive) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n"
      "Connection: {}\r\n\r\n{}",
      response.status, reason_of(response.status), response.body.size(),
      keeps_alive ? "keep-alive" : "close", response.body);
}

std::string format_post(std::string_view host, std::string_view target, std::string_view json) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      target, host, json.size(), json);
}

}  // namespace scaler::http
