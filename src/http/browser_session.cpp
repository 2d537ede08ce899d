#include <utility>

#include "base/framed_session.hpp"
#include "base/websocket_frame.hpp"
#include "base/websocket_upgrade.hpp"
#include "http/head_lines.hpp"
#include "scaler/base/utf8.hpp"
#include "scaler/http/browser.hpp"

namespace scaler::http {

namespace {

using websocket::Opcode;

constexpr std::size_t pong_bytes_max = 4096;  // waiting for a page that pings and does not read

// RFC 6455, 7.4.1
enum class CloseCode : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol = 1002,
  not_text = 1003,
  not_utf8 = 1007,
  too_large = 1009
};

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (!point.valid) return false;
    text.remove_prefix(point.length);
  }
  return true;
}

class BrowserSession final : public FramedSession {
 public:
  explicit BrowserSession(BrowserOptions options) : options_(std::move(options)) {}

  void send(Bytes message) override {
    if (finished_) return;
    if (!is_socket_) return queue_.push(WriteQueue::Kind::message, {}, std::move(message));
    const websocket::FrameStart start(Opcode::text, message.size(), false);
    queue_.push(WriteQueue::Kind::message, start.view(), std::move(message));
  }
  std::size_t queued_bytes() const override {
    return queue_.message_bytes() + queue_.control_bytes();
  }
  bool end_stream() override {
    if (!is_socket_ || finished_) return false;
    say_close(CloseCode::going_away);
    return true;
  }

 private:
  Parsed parse() override {
    if (finished_) {
      reader_.consume(reader_.unread().size());
      return nothing_yet();
    }
    return is_socket_ ? parse_frames() : parse_head();
  }

  // ---- requests ----

  Parsed parse_head() {
    const std::string_view unread = as_text(reader_.unread());
    const std::size_t end = unread.substr(0, options_.head_bytes_max).find(end_of_head);
    if (end == std::string_view::npos) {
      if (unread.size() < options_.head_bytes_max) return nothing_yet();
      return refuse(431, "the request's head is too large");
    }
    if (queue_.message_bytes() > options_.unread_bytes_max)
      return Error{Errc::protocol, "http: it asks more than it reads"};
    auto head = reader_.take_body(end + end_of_head.size());
    const auto request = parse_page_request(head->text());
    if (!request) return refuse(400, "that is no request");
    if (request->method != "GET" && request->method != "HEAD")
      return refuse(405, "only GET and HEAD are answered", "Allow: GET, HEAD\r\n");
    if (request->has_body) return refuse(400, "a request with a body");
    if (request->path == options_.socket_path) return upgrade(*request, head->text());
    return event(MessageReceived{std::move(*head)});
  }

  Parsed upgrade(const PageRequest& request, std::string_view head) {
    if (!request.origin.empty() &&
        !is_own_origin(request.origin, request.host, options_.allowed_origins))
      return refuse(403, "a page of another origin");
    head.remove_suffix(end_of_head.size());
    const auto answer = websocket::upgrade_answer(head);
    if (!answer)
      return refuse(426, "here is a WebSocket of version 13",
                    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    queue_.push(WriteQueue::Kind::control, {}, Bytes::copy_of(*answer));
    is_socket_ = true;
    return event(PeerReady{});
  }

  Parsed refuse(int status, const char* why, std::string more = {}) {
    const std::string body = std::string(why) + '\n';
    PageResponse response;
    response.status = status;
    response.body_bytes = body.size();
    response.more = std::move(more);
    queue_.push(WriteQueue::Kind::control, {}, Bytes::copy_of(format_head(response, false) + body));
    finished_ = true;
    return event(MessageIgnored{why});
  }

  // ---- frames ----

  Parsed parse_frames() {
    while (true) {
      if (!frame_) {
        const auto header = websocket::parse_header(reader_.unread());
        if (!header) return event(close(CloseCode::protocol, "a broken frame"));
        if (!*header) return nothing_yet();
        if (auto fault = fault_of(**header)) return event(std::move(*fault));
        reader_.consume((*header)->size);
        frame_ = **header;
      }
      std::string payload;
      if (frame_->payload_bytes > 0) {
        const auto body = reader_.take_body(frame_->payload_bytes);
        if (!body) return nothing_yet();
        payload = body->text();
        websocket::apply_mask(std::as_writable_bytes(std::span(payload)), frame_->mask, 0);
      }
      const websocket::Header frame = *std::exchange(frame_, {});
      auto said = frame.is_control() ? take_control(frame.opcode, payload)
                                     : take_part(payload, frame.is_last);
      if (said) return event(std::move(*said));
    }
  }

  std::optional<SessionEvent> fault_of(const websocket::Header& frame) {
    if (!frame.is_masked) return close(CloseCode::protocol, "a frame without a mask");
    if (frame.is_control()) return std::nullopt;
    if ((frame.opcode == Opcode::more) != in_message_)
      return close(CloseCode::protocol, "a message within another, or a part of none");
    if (frame.opcode == Opcode::binary) return close(CloseCode::not_text, "a binary frame");
    if (frame.payload_bytes > options_.message_bytes_max - message_.size())
      return close(CloseCode::too_large, "a long message");
    return std::nullopt;
  }

  std::optional<SessionEvent> take_control(Opcode opcode, const std::string& payload) {
    if (opcode == Opcode::close) return close(CloseCode::normal, "closed by the page");
    if (opcode == Opcode::ping && queue_.control_bytes() < pong_bytes_max)
      push_control(Opcode::pong, payload);
    return std::nullopt;
  }

  std::optional<SessionEvent> take_part(const std::string& payload, bool is_last) {
    message_ += payload;
    in_message_ = !is_last;
    if (in_message_) return std::nullopt;
    const std::string whole = std::exchange(message_, {});
    if (!is_utf8(whole)) return close(CloseCode::not_utf8, "text that is not UTF-8");
    return MessageReceived{Bytes::copy_of(whole)};
  }

  SessionEvent close(CloseCode code, const char* why) {
    say_close(code);
    return MessageIgnored{why};
  }
  void say_close(CloseCode code) {
    const auto number = static_cast<std::uint16_t>(code);
    push_control(Opcode::close,
                 std::string{static_cast<char>(number >> 8), static_cast<char>(number & 0xff)});
    finished_ = true;
  }
  void push_control(Opcode opcode, std::string_view payload) {
    const websocket::FrameStart start(opcode, payload.size(), false);
    queue_.push(WriteQueue::Kind::control, start.view(), Bytes::copy_of(payload));
  }

  const BrowserOptions options_;
  bool is_socket_ = false;
  bool finished_ = false;    // has said its last word
  bool in_message_ = false;  // the next frame goes on with message_
  std::string message_;
  std::optional<websocket::Header> frame_;  // whose payload is on its way
};

}  // namespace

std::unique_ptr<Session> make_browser_session(BrowserOptions options) {
  return std::make_unique<BrowserSession>(std::move(options));
}

}  // namespace scaler::http
