#include "scaler/http/browser.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <string>
#include <vector>

#include "base/websocket_frame.hpp"

namespace scaler::http {

namespace {

using websocket::Opcode;

// A browser's side: what it sends, what the session said of that, and what it got back.
class Visit {
 public:
  explicit Visit(BrowserOptions options = {})
      : session_(make_browser_session(std::move(options))) {}

  // False: the session broke off.
  bool say(std::string_view bytes, std::size_t step = ~std::size_t{0}) {
    while (!bytes.empty()) {
      const auto room = session_->receive_buffer();
      const std::size_t count = std::min({step, bytes.size(), room.size()});
      std::memcpy(room.data(), bytes.data(), count);
      session_->received(count);
      bytes.remove_prefix(count);
      while (true) {
        auto event = session_->next();
        if (!event) return false;
        if (!*event) break;
        note(**event);
      }
    }
    return true;
  }
  std::string got() {
    std::string all;
    while (true) {
      std::size_t count = 0;
      for (const ByteView view : session_->to_send()) {
        all += as_text(view);
        count += view.size();
      }
      if (count == 0) return all;
      session_->sent(count);
    }
  }
  Session& session() { return *session_; }

  std::vector<std::string> messages;
  bool ready = false;
  bool over = false;

 private:
  void note(const SessionEvent& event) {
    if (const auto* message = std::get_if<MessageReceived>(&event))
      messages.emplace_back(message->payload.text());
    ready = ready || std::holds_alternative<PeerReady>(event);
    over = over || std::holds_alternative<MessageIgnored>(event);
  }
  std::unique_ptr<Session> session_;
};

std::string masked(Opcode opcode, std::string payload, bool is_last = true, bool is_masked = true) {
  const websocket::FrameStart start(opcode, payload.size(), is_masked);
  std::string frame(as_text(start.view()));
  if (!is_last) frame[0] = static_cast<char>(frame[0] & 0x7f);
  if (!is_masked) return frame + payload;
  const websocket::Mask mask = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  websocket::apply_mask(std::as_writable_bytes(std::span(payload)), mask, 0);
  return frame + std::string(as_text(mask)) + payload;
}

std::string upgrade(std::string_view more = {}, std::string_view path = "/ws") {
  return "GET " + std::string(path) +
         " HTTP/1.1\r\nHost: here:1\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
         std::string(more) + "\r\n";
}

int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

int refusal_of(const std::string& request) {
  Visit visit;
  REQUIRE(visit.say(request));
  REQUIRE(visit.over);
  REQUIRE(visit.messages.empty());
  return status_of(visit.got());
}

// The close code with which a WebSocket ends after these bytes.
int close_code_after(const std::string& frames, std::size_t step = ~std::size_t{0}) {
  Visit visit;
  REQUIRE(visit.say(upgrade()));
  visit.got();
  REQUIRE(visit.say(frames, step));
  REQUIRE(visit.over);
  const std::string last = visit.got();
  REQUIRE(last.size() >= 4);
  const std::string close = last.substr(last.size() - 4);
  REQUIRE(close.substr(0, 2) == "\x88\x02");
  return static_cast<unsigned char>(close[2]) * 256 + static_cast<unsigned char>(close[3]);
}

constexpr std::string_view page =
    "GET /app.js?x=1 HTTP/1.1\r\nHost: h\r\nAccept-Encoding: br, gzip\r\n\r\n";

}  // namespace

TEST_CASE("a page's requests come out one by one, wherever their bytes are cut", "[http]") {
  const std::string two = std::string(page) + "HEAD / HTTP/1.0\r\n\r\n";
  for (std::size_t step = 1; step <= two.size(); ++step) {
    Visit visit;
    REQUIRE(visit.say(two, step));
    REQUIRE(visit.messages.size() == 2);
    REQUIRE(visit.messages[0] == page);
  }
  const auto request = parse_page_request(page);
  REQUIRE(request);
  CHECK(request->path == "/app.js");
  CHECK(request->host == "h");
  CHECK(request->accepts_gzip);
  CHECK(request->keeps_alive);
  CHECK_FALSE(parse_page_request("GET / HTTP/1.0\r\n\r\n")->keeps_alive);
  CHECK_FALSE(parse_page_request("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n")->keeps_alive);
  CHECK_FALSE(
      parse_page_request("GET / HTTP/1.1\r\nAccept-Encoding: gzip;q=0\r\n\r\n")->accepts_gzip);
}

TEST_CASE("what is no request for a page is answered and ends the connection", "[http]") {
  CHECK(refusal_of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello") == 405);
  CHECK(refusal_of("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello") == 400);
  CHECK(refusal_of("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400);
  CHECK(refusal_of("\r\n\r\n") == 400);
  CHECK(refusal_of("GET http://other/ HTTP/1.1\r\n\r\n") == 400);
  CHECK(refusal_of("GET / HTTP/2.0\r\n\r\n") == 400);
  CHECK(refusal_of("GET / HTTP/1.1\r\nno header\r\n\r\n") == 400);
  CHECK(refusal_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == 400);
  CHECK(refusal_of("GET / HTTP/1.1\r\nX: a\x01"
                   "b\r\n\r\n") == 400);
  CHECK(refusal_of("GET / HTTP/1.1\r\nX: " + std::string(8 * 1024, 'x') + "\r\n\r\n") == 431);
  CHECK(refusal_of(std::string(8 * 1024, 'x')) == 431);
}

TEST_CASE("a head that does not end is kept only up to its limit", "[http]") {
  Visit visit;
  REQUIRE(visit.say(std::string(8 * 1024 - 1, 'x'), 100));
  CHECK_FALSE(visit.over);
  REQUIRE(visit.say("x"));
  CHECK(visit.over);
  REQUIRE(visit.say(std::string(1 << 20, 'x')));
  CHECK(status_of(visit.got()) == 431);
}

TEST_CASE("who asks without reading the answers is dropped", "[http]") {
  Visit visit({.unread_bytes_max = 100});
  REQUIRE(visit.say(page));
  visit.session().send(Bytes::copy_of(std::string(101, 'x')));
  CHECK_FALSE(visit.say(page));
}

TEST_CASE("an upgrade is agreed on as the standard shows", "[http]") {
  Visit visit;
  REQUIRE(visit.say(upgrade()));
  CHECK(visit.ready);
  const std::string answer = visit.got();
  CHECK(status_of(answer) == 101);
  CHECK(answer.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
  visit.session().send(Bytes::copy_of("{}"));
  CHECK(visit.got() == "\x81\x02{}");
  visit.session().send(Bytes::copy_of(std::string(70'000, 'y')));
  const std::string large = visit.got();
  CHECK(large.substr(0, 10) == std::string("\x81\x7f\0\0\0\0\0\x01\x11\x70", 10));
  CHECK(large.size() == 70'010);
}

TEST_CASE("only our own pages may open the WebSocket", "[http]") {
  const auto ready_for = [](std::string_view origin) {
    Visit visit({.allowed_origins = {"https://dash.example"}});
    REQUIRE(visit.say(upgrade("Origin: " + std::string(origin) + "\r\n")));
    if (!visit.ready) REQUIRE(status_of(visit.got()) == 403);
    return visit.ready;
  };
  CHECK(ready_for("http://here:1"));
  CHECK(ready_for("https://HERE:1"));
  CHECK(ready_for("https://dash.example"));
  for (const char* other : {"http://here", "http://here:10", "http://evil.example", "null",
                            "here:1", "https://dash.example.evil", "http://dash.example"})
    CHECK_FALSE(ready_for(other));
  CHECK_FALSE(is_own_origin("http://", "", {}));
}

TEST_CASE("a WebSocket's path asked for without an upgrade says what it is", "[http]") {
  CHECK(refusal_of("GET /ws HTTP/1.1\r\nHost: h\r\n\r\n") == 426);
  std::string older = upgrade();
  older.replace(older.find("Version: 13"), 11, "Version: 12");
  CHECK(refusal_of(older) == 426);
}

TEST_CASE("a page's messages come whole, in whatever frames, cut anywhere", "[http]") {
  const std::string frames = masked(Opcode::text, "a\xc3", false) + masked(Opcode::ping, "p") +
                             masked(Opcode::more, "\xbc", false) + masked(Opcode::more, "") +
                             masked(Opcode::text, "") + masked(Opcode::pong, "q");
  for (std::size_t step = 1; step <= frames.size(); ++step) {
    Visit visit;
    REQUIRE(visit.say(upgrade()));
    visit.got();
    REQUIRE(visit.say(frames, step));
    REQUIRE(visit.messages == std::vector<std::string>{"a\xc3\xbc", ""});
    REQUIRE(visit.got() == "\x8a\x01p");
    REQUIRE_FALSE(visit.over);
  }
}

TEST_CASE("what a page may not say ends its WebSocket with the code for it", "[http]") {
  for (const std::size_t step : {std::size_t{1}, ~std::size_t{0}}) {
    CHECK(close_code_after(masked(Opcode::close, ""), step) == 1000);
    CHECK(close_code_after(masked(Opcode::text, "x", true, false), step) == 1002);
    CHECK(close_code_after(masked(Opcode::more, "x"), step) == 1002);
    CHECK(close_code_after(masked(Opcode::text, "x", false) + masked(Opcode::text, "y"), step) ==
          1002);
    CHECK(close_code_after("\xc1\x80"
                           "abcd",
                           step) == 1002);  // a bit of an extension
    CHECK(close_code_after("\x83\x80"
                           "abcd",
                           step) == 1002);  // an unknown kind
    CHECK(close_code_after("\x89\xfe"
                           "abcdef",
                           step) == 1002);  // a long ping
    CHECK(close_code_after(masked(Opcode::binary, "x"), step) == 1003);
    CHECK(close_code_after(masked(Opcode::text, "\xff"), step) == 1007);
    CHECK(close_code_after(masked(Opcode::text, "\xed\xa0\x80"), step) == 1007);  // a surrogate
    CHECK(close_code_after(masked(Opcode::text, std::string(4097, 'x')), step) == 1009);
    CHECK(close_code_after(masked(Opcode::text, std::string(4000, 'x'), false) +
                               masked(Opcode::more, std::string(97, 'x')),
                           step) == 1009);
  }
}

TEST_CASE("a lying length allocates nothing and ends the WebSocket", "[http]") {
  CHECK(close_code_after(std::string("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff"
                                     "abcd",
                                     14)) == 1009);
  CHECK(close_code_after(std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                                     "abcd",
                                     14)) == 1002);
}

TEST_CASE("pings of a page that reads nothing are answered within a bound", "[http]") {
  Visit visit;
  REQUIRE(visit.say(upgrade()));
  visit.got();
  const std::string ping = masked(Opcode::ping, std::string(125, 'x'));
  for (int i = 0; i < 10'000; ++i) REQUIRE(visit.say(ping));
  CHECK(visit.session().queued_bytes() < 8192);
}

TEST_CASE("a server that stops says so to its pages once", "[http]") {
  Visit visit;
  CHECK_FALSE(visit.session().end_stream());
  REQUIRE(visit.say(upgrade()));
  visit.got();
  CHECK(visit.session().end_stream());
  CHECK(visit.got() == "\x88\x02\x03\xe9");
  CHECK_FALSE(visit.session().end_stream());
}

TEST_CASE("a head tells length, type, tag and what the page may load", "[http]") {
  PageResponse response;
  response.content_type = "text/css";
  response.etag = "\"abc\"";
  response.is_gzipped = true;
  response.body_bytes = 12;
  const std::string head = format_head(response, true);
  for (const char* line :
       {"HTTP/1.1 200 OK\r\n", "\r\nContent-Type: text/css\r\n", "\r\nContent-Length: 12\r\n",
        "\r\nContent-Encoding: gzip\r\n", "\r\nETag: \"abc\"\r\n",
        "\r\nCache-Control: no-cache\r\n", "Content-Security-Policy: default-src 'self'",
        "\r\nConnection: keep-alive\r\n\r\n"})
    CHECK(head.find(line) != std::string::npos);
  response.status = 304;
  CHECK(format_head(response, true).find("Content-Length") == std::string::npos);
}

}  // namespace scaler::http
