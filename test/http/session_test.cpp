#include "scaler/http/session.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

namespace scaler::http {

namespace {

// Feeds `bytes` in pieces of `step`; gives the messages, or nothing after an error.
std::optional<std::vector<std::string>> receive(std::string_view bytes, std::size_t step,
                                                const Limits& limits = {}) {
  const auto session = make_session(limits);
  std::vector<std::string> messages;
  while (!bytes.empty()) {
    const auto room = session->receive_buffer();
    const std::size_t count = std::min({step, bytes.size(), room.size()});
    std::memcpy(room.data(), bytes.data(), count);
    session->received(count);
    bytes.remove_prefix(count);
    for (;;) {
      auto event = session->next();
      if (!event) return std::nullopt;
      if (!*event) break;
      messages.emplace_back(std::get<MessageReceived>(**event).payload.text());
    }
  }
  return messages;
}

constexpr std::string_view post =
    "POST / HTTP/1.1\r\nhost: x\r\nCONTENT-length: 4\r\nX: y\r\n\r\nabcd";
constexpr std::string_view get = "GET /status HTTP/1.0\r\n\r\n";

}  // namespace

TEST_CASE("messages are the same wherever the bytes are cut", "[http]") {
  const std::string both = std::string(post) + std::string(get) + std::string(post);
  for (std::size_t step = 1; step <= both.size(); ++step) {
    const auto messages = receive(both, step);
    REQUIRE(messages);
    REQUIRE(*messages ==
            std::vector<std::string>{std::string(post), std::string(get), std::string(post)});
  }
}

TEST_CASE("a request is taken apart", "[http]") {
  const auto request = parse_request(post);
  REQUIRE(request);
  CHECK(request->method == "POST");
  CHECK(request->target == "/");
  CHECK(request->body == "abcd");
  CHECK(request->keeps_alive);
  CHECK_FALSE(parse_request(get)->keeps_alive);
  CHECK_FALSE(parse_request("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n")->keeps_alive);
}

TEST_CASE("what we say is understood by ourselves", "[http]") {
  const auto request = parse_request(format_post("h:80", "/hook", R"({"a":1})"));
  REQUIRE(request);
  CHECK(request->target == "/hook");
  CHECK(request->body == R"({"a":1})");
  const auto response = parse_response(format({429, "{}"}, false));
  REQUIRE(response);
  CHECK(response->status == 429);
  CHECK(response->body == "{}");
}

TEST_CASE("what is no HTTP ends the connection", "[http]") {
  for (const char* bytes : {"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                            "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                            "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
                            "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                            "POST / HTTP/1.1\r\n: x\r\n\r\n", "POST / HTTP/1.1\r\nnothing\r\n\r\n",
                            "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
                            "POST / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n"})
    CHECK_FALSE(receive(bytes, 1000));
  CHECK_FALSE(receive(std::string(20'000, 'x'), 1000));
  for (const char* message :
       {"", "\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / FTP/1\r\n\r\n"})
    CHECK_FALSE(parse_request(message));
  for (const char* message : {"", "HTTP/1.1\r\n\r\n", "HTTP/1.1 x00\r\n\r\n", "200 OK\r\n\r\n"})
    CHECK_FALSE(parse_response(message));
}

TEST_CASE("a body up to the limit is received", "[http]") {
  const std::string body(1000, 'b');
  const std::string message = format_post("h", "/", body);
  Limits limits;
  limits.body_bytes_max = 1000;
  CHECK(receive(message, 17, limits)->size() == 1);
  limits.body_bytes_max = 999;
  CHECK_FALSE(receive(message, 17, limits));
}

}  // namespace scaler::http
