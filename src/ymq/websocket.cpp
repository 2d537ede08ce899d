#include "scaler/ymq/websocket.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/websocket_frame.hpp"
#include "base/websocket_upgrade.hpp"

namespace scaler::ymq {

namespace {

using Side = WebSocketOptions::Side;
using websocket::apply_mask;
using websocket::Mask;
using websocket::Opcode;

constexpr std::string_view end_of_head = "\r\n\r\n";
constexpr std::size_t buffer_bytes = std::size_t{64} << 10;  // a head is no longer either
constexpr std::size_t payload_bytes_max = std::size_t{64} << 10;

Error wrong(std::string text) { return {Errc::protocol, "WebSocket: " + std::move(text)}; }

class WebSocketSession final : public Session {
 public:
  WebSocketSession(WebSocketOptions options, std::unique_ptr<Session> inner)
      : side_(options.side), random_(options.random), inner_(std::move(inner)) {
    if (side_ == Side::server) return;
    key_ = websocket::new_websocket_key(random_);
    const std::string request = websocket::upgrade_request(options.host, options.path, key_);
    append(as_bytes(request));
  }

  std::span<std::byte> receive_buffer() override {
    if (in_.empty()) in_.resize(buffer_bytes);
    if (begin_ > 0) {
      std::copy(in_.begin() + begin_, in_.begin() + end_, in_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    return std::span(in_).subspan(static_cast<std::size_t>(end_));
  }

  void received(std::size_t bytes) override { end_ += static_cast<std::ptrdiff_t>(bytes); }

  Result<std::optional<SessionEvent>> next() override {
    while (true) {
      if (is_upgraded_) {
        auto event = inner_->next();
        if (!event || *event) return event;
      }
      SCALER_TRY(advanced, advance());
      if (!advanced) return std::optional<SessionEvent>{};
    }
  }

  void send(Bytes payload) override { inner_->send(std::move(payload)); }

  std::span<const ByteView> to_send() override {
    if (out_begin_ == out_.size()) refill();
    view_ = ByteView(out_).subspan(out_begin_);
    return {&view_, view_.empty() ? std::size_t{0} : std::size_t{1}};
  }

  void sent(std::size_t bytes) override { out_begin_ += bytes; }

  std::size_t queued_bytes() const override {
    return inner_->queued_bytes() + out_.size() - out_begin_;
  }

 private:
  ByteView unread() const {
    return ByteView(in_).subspan(static_cast<std::size_t>(begin_),
                                 static_cast<std::size_t>(end_ - begin_));
  }
  void consume(std::size_t bytes) { begin_ += static_cast<std::ptrdiff_t>(bytes); }

  // One step further with what has arrived; false: more must come first.
  Result<bool> advance() {
    if (has_closed_) {
      begin_ = end_;
      return false;
    }
    if (!is_upgraded_) return upgrade();
    if (!frame_) return begin_frame();
    if (frame_->is_control()) return take_control();
    if (taken_ == frame_->payload_bytes) {
      frame_.reset();
      return true;
    }
    return take_payload();
  }

  Result<bool> upgrade() {
    const std::string_view text = as_text(unread());
    const std::size_t end = text.find(end_of_head);
    if (end == std::string_view::npos) {
      if (text.size() == buffer_bytes) return wrong("a head that does not end");
      return false;
    }
    const std::string_view head = text.substr(0, end);
    if (side_ == Side::client) {
      SCALER_CHECK(websocket::check_upgrade_answer(head, key_));
    } else {
      SCALER_TRY(answer, websocket::upgrade_answer(head));
      append(as_bytes(answer));
    }
    consume(end + end_of_head.size());
    is_upgraded_ = true;
    return true;
  }

  Result<bool> begin_frame() {
    SCALER_TRY(header, websocket::parse_header(unread()));
    if (!header) return false;
    if (header->is_masked != (side_ == Side::server))
      return wrong(header->is_masked ? "a server that masks" : "a client that does not mask");
    if (header->opcode == Opcode::text) return wrong("text; only binary frames carry YMQ");
    if (!header->is_control()) {
      if ((header->opcode == Opcode::more) != in_message_)
        return wrong("a message that begins within another, or goes on after its end");
      in_message_ = !header->is_last;
    }
    consume(header->size);
    frame_ = *header;
    taken_ = 0;
    return true;
  }

  Result<bool> take_control() {
    const auto length = static_cast<std::size_t>(frame_->payload_bytes);
    if (unread().size() < length) return false;
    std::vector<std::byte> payload(unread().begin(),
                                   unread().begin() + static_cast<std::ptrdiff_t>(length));
    if (frame_->is_masked) apply_mask(payload, frame_->mask, 0);
    consume(length);
    if (frame_->opcode == Opcode::close) has_closed_ = true;
    if (frame_->opcode != Opcode::pong) {  // the latest question is the one that is answered
      answer_ = frame_->opcode == Opcode::close ? Opcode::close : Opcode::pong;
      answer_payload_ = std::move(payload);
    }
    frame_.reset();
    return true;
  }

  Result<bool> take_payload() {
    const ByteView here = unread();
    if (here.empty()) return false;
    const std::span<std::byte> room = inner_->receive_buffer();
    const std::uint64_t left = frame_->payload_bytes - taken_;
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(left, std::min(here.size(), room.size())));
    std::memcpy(room.data(), here.data(), count);
    if (frame_->is_masked) apply_mask(room.first(count), frame_->mask, taken_);
    taken_ += count;
    consume(count);
    inner_->received(count);
    return true;
  }

  // ---- writing ----

  void append(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

  void append_frame(Opcode opcode, std::size_t payload_bytes, auto&& append_payload) {
    const bool masked = side_ == Side::client;
    const websocket::FrameStart start(opcode, payload_bytes, masked);
    append(start.view());
    Mask mask{};
    if (masked) {
      random_.fill(mask);
      append(mask);
    }
    const std::size_t begin = out_.size();
    append_payload();
    if (masked) apply_mask(std::span(out_).subspan(begin), mask, 0);
  }

  // Only when all of out_ has left.
  void refill() {
    out_.clear();
    out_begin_ = 0;
    if (answer_) {
      append_frame(*answer_, answer_payload_.size(), [&] { append(answer_payload_); });
      answer_.reset();
      return;
    }
    if (!is_upgraded_ || has_closed_) return;
    std::size_t bytes = 0;
    for (const ByteView view : inner_->to_send()) bytes += view.size();
    if (bytes == 0) return;
    bytes = std::min(bytes, payload_bytes_max);
    append_frame(Opcode::binary, bytes, [&] {
      std::size_t left = bytes;
      for (const ByteView view : inner_->to_send()) {
        append(view.first(std::min(view.size(), left)));
        left -= std::min(view.size(), left);
      }
    });
    inner_->sent(bytes);
  }

  const Side side_;
  Random random_;
  std::unique_ptr<Session> inner_;
  std::string key_;

  std::vector<std::byte> in_;
  std::ptrdiff_t begin_ = 0;  // of what was not looked at yet
  std::ptrdiff_t end_ = 0;
  bool is_upgraded_ = false;
  bool in_message_ = false;
  bool has_closed_ = false;
  std::optional<websocket::Header> frame_;
  std::uint64_t taken_ = 0;  // of its payload

  std::optional<Opcode> answer_;  // to a ping or a close
  std::vector<std::byte> answer_payload_;
  std::vector<std::byte> out_;
  std::size_t out_begin_ = 0;
  ByteView view_;
};

}  // namespace

std::unique_ptr<Session> make_websocket(WebSocketOptions options, std::unique_ptr<Session> inner) {
  return std::make_unique<WebSocketSession>(std::move(options), std::move(inner));
}

}  // namespace scaler::ymq
