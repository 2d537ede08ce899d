#include "scaler/ymq/websocket.hpp"

#include <catch2/catch.hpp>

#include "base/sha1.hpp"
#include "base/websocket_upgrade.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/ymq/session.hpp"
#include "support/session_drive.hpp"

namespace scaler::ymq {

using support::drain;
using support::feed;
using support::take_output;
using Lines = std::vector<std::string>;

namespace {

// RFC 6455, 1.3: this key has this answer.
const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
const std::string accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const std::string request =
    "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n"
    "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: " +
    key + "\r\nSec-WebSocket-Version: 13\r\n\r\n";

std::unique_ptr<Session> make_side(WebSocketOptions::Side side,
                                   const std::string& identity = "us") {
  WebSocketOptions options;
  options.side = side;
  options.host = "127.0.0.1:6378";
  options.random = Random(7);
  return make_websocket(std::move(options),
                        make_session({Dialect::magic, Bytes::copy_of(identity), {}}));
}
std::unique_ptr<Session> server() { return make_side(WebSocketOptions::Side::server); }
std::unique_ptr<Session> client() { return make_side(WebSocketOptions::Side::client, "peer"); }

// A frame of a client, masked with 1 2 3 4.
std::string masked(unsigned first, const std::string& payload) {
  std::string frame{static_cast<char>(first)};
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80U | payload.size());
  } else {
    frame += '\xfe';
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xff);
  }
  frame += std::string("\1\2\3\4", 4);
  for (std::size_t i = 0; i < payload.size(); ++i)
    frame += static_cast<char>(payload[i] ^ static_cast<char>(1 + i % 4));
  return frame;
}

std::string ymq_frame(const std::string& body) {
  std::string text(8, '\0');
  text[0] = static_cast<char>(body.size());
  return text + body;
}
const std::string hello = "YMQ\x01" + ymq_frame("peer");

}  // namespace

TEST_CASE("SHA-1 gives the digests of its standard", "[ymq]") {
  REQUIRE(to_hex(sha1(as_bytes("abc"))) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  REQUIRE(to_hex(sha1({})) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  REQUIRE(to_hex(sha1(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))) ==
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  REQUIRE(to_hex(sha1(as_bytes(std::string(1'000'000, 'a')))) ==
          "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST_CASE("an upgrade is answered as the standard shows, then the session speaks in frames",
          "[ymq]") {
  auto session = server();
  REQUIRE(take_output(*session).empty());
  REQUIRE(feed(*session, request).empty());
  const std::string output = take_output(*session);
  REQUIRE(output.starts_with("HTTP/1.1 101 "));
  REQUIRE(output.find("Sec-WebSocket-Accept: " + accept + "\r\n") != std::string::npos);
  const std::string frames = output.substr(output.find("\r\n\r\n") + 4);
  REQUIRE(frames == std::string("\x82\x0e", 2) + "YMQ\x01" + ymq_frame("us"));
}

TEST_CASE("what frames carry is the session's byte stream, wherever they end and are cut",
          "[ymq]") {
  const std::string stream = hello + ymq_frame("first") + ymq_frame("second");
  std::string bytes = request;
  SECTION("one message") { bytes += masked(0x82, stream); }
  SECTION("one of three parts, with a ping within") {
    bytes += masked(0x02, stream.substr(0, 5)) + masked(0x89, "?") + masked(0x00, "") +
             masked(0x80, stream.substr(5));
  }
  SECTION("a message for each byte") {
    for (const char byte : stream) bytes += masked(0x82, std::string(1, byte));
  }
  auto session = server();
  REQUIRE(feed(*session, bytes) == Lines{"ready peer", "message first", "message second"});
  REQUIRE(support::difference_between_cuts(server, bytes).empty());
}

TEST_CASE("client and server understand each other, also in large messages", "[ymq]") {
  auto from = client();
  auto to = server();
  const std::string large(300'000, 'x');
  from->send(Bytes::copy_of(large));
  to->send(Bytes::copy_of("answer"));
  Lines heard;
  Lines answers;
  for (int i = 0; i < 4; ++i) {
    feed(*to, take_output(*from), heard, 1000);
    feed(*from, take_output(*to), answers, 7);
  }
  REQUIRE(heard == Lines{"ready peer", "message " + large});
  REQUIRE(answers == Lines{"ready us", "message answer"});
  REQUIRE(from->queued_bytes() == 0);
}

TEST_CASE("a client masks what it says, each frame in its own way", "[ymq]") {
  auto session = client();
  const std::string asked = take_output(*session);
  REQUIRE(asked.starts_with("GET / HTTP/1.1\r\nHost: 127.0.0.1:6378\r\n"));
  const std::size_t at = asked.find("Sec-WebSocket-Key: ") + 19;
  const auto answer = websocket::upgrade_answer(asked.substr(0, asked.size() - 4));
  REQUIRE(answer);
  REQUIRE(asked.substr(at, 24).ends_with("=="));
  REQUIRE(feed(*session, *answer).empty());
  const std::string first = take_output(*session);
  REQUIRE(first.find("YMQ") == std::string::npos);
  session->send(Bytes::copy_of("a"));
  const std::string second = take_output(*session);
  REQUIRE(first.substr(2, 4) != second.substr(2, 4));
}

TEST_CASE("a ping is answered with its payload, between frames", "[ymq]") {
  auto session = server();
  feed(*session, request + masked(0x82, hello));
  take_output(*session);
  REQUIRE(feed(*session, masked(0x89, "are you there")).empty());
  REQUIRE(take_output(*session) == std::string("\x8a\x0d", 2) + "are you there");
  REQUIRE(feed(*session, masked(0x8a, "unasked")).empty());
  REQUIRE(take_output(*session).empty());
}

TEST_CASE("a thousand pings that nobody reads the answers of cost one answer", "[ymq]") {
  auto session = server();
  feed(*session, request + masked(0x82, hello));
  take_output(*session);
  for (int i = 0; i < 1000; ++i) feed(*session, masked(0x89, "?"));
  REQUIRE(take_output(*session) == std::string("\x8a\x01?", 3));
}

TEST_CASE("a close is answered, and nothing after it is heard or said", "[ymq]") {
  auto session = server();
  feed(*session, request + masked(0x82, hello));
  take_output(*session);
  REQUIRE(feed(*session, masked(0x88, "\x03\xe8") + masked(0x82, ymq_frame("late"))).empty());
  session->send(Bytes::copy_of("late"));
  REQUIRE(take_output(*session) == std::string("\x88\x02\x03\xe8", 4));
}

TEST_CASE("what is no WebSocket ends the connection and says why", "[ymq]") {
  const auto error_of = [](const std::string& bytes) {
    auto session = server();
    const auto lines = feed(*session, bytes);
    return lines.empty() ? "" : lines.back();
  };
  const auto without = [](std::string text, const std::string& line) {
    const std::size_t at = text.find(line);
    return text.erase(at, text.find("\r\n", at) + 2 - at);
  };
  REQUIRE(error_of("GET / HTTP/1.1\r\nHost: here\r\n\r\n").find("upgrades nothing") !=
          std::string::npos);
  REQUIRE(error_of(without(request, "Sec-WebSocket-Version")).find("13") != std::string::npos);
  REQUIRE(error_of(without(request, "Sec-WebSocket-Key")).find("key") != std::string::npos);
  REQUIRE(error_of("GET / HTTP/1.0" + request.substr(18)).find("GET") != std::string::npos);
  REQUIRE(error_of("GET /" + std::string(70'000, 'x')).find("does not end") != std::string::npos);
  REQUIRE(error_of(request + std::string("\x82\x01x", 3)).find("mask") != std::string::npos);
  REQUIRE(error_of(request + masked(0x81, "hello")).find("binary") != std::string::npos);
  REQUIRE(error_of(request + masked(0xc2, "x")).find("extension") != std::string::npos);
  REQUIRE(error_of(request + masked(0x83, "x")).find("unknown") != std::string::npos);
  REQUIRE(error_of(request + masked(0x80, "x")).find("goes on") != std::string::npos);
  REQUIRE(error_of(request + masked(0x02, "Y") + masked(0x82, "M")).find("begins") !=
          std::string::npos);
  REQUIRE(error_of(request + masked(0x09, "x")).find("control") != std::string::npos);
  REQUIRE(error_of(request + masked(0x89, std::string(126, 'x'))).find("control") !=
          std::string::npos);
  REQUIRE(error_of(request + "\x82\xff\xff" + std::string(11, '\xff')).find("negative") !=
          std::string::npos);
  REQUIRE(error_of(request + masked(0x82, "ZMQ")).find("YMQ") != std::string::npos);
}

TEST_CASE("a frame of an immense length costs what has arrived of it", "[ymq]") {
  auto session = server();
  const std::string header = std::string("\x82\xff\x7f", 3) + std::string(7, '\xff') + "\1\2\3\4";
  const auto lines = feed(*session, request + header + masked(0x82, hello).substr(6));
  REQUIRE(lines == Lines{"ready peer"});
  REQUIRE(session->receive_buffer().size() <= std::size_t{64} << 10);
}

TEST_CASE("a client goes on only with a server that understood", "[ymq]") {
  auto session = client();
  take_output(*session);
  const auto lines = feed(*session,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
                              accept + "\r\n\r\n");
  REQUIRE(lines.size() == 1);
  REQUIRE(lines[0].find("does not fit") != std::string::npos);
  auto other = client();
  REQUIRE(feed(*other, "HTTP/1.1 404 Not Found\r\n\r\n")[0].find("404") != std::string::npos);
}

}  // namespace scaler::ymq
