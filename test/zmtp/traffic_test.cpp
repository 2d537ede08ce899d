#include <catch2/catch.hpp>

#include "support/heap.hpp"
#include "zmtp/support.hpp"

namespace scaler::zmtp {

TEST_CASE("a frame is short up to 255 bytes and long above, as libzmq has it", "[zmtp]") {
  for (const std::size_t size : {0U, 1U, 255U}) {
    auto session = make(SocketType::router);
    after_handshake(*session, "DEALER", "");
    take_output(*session);
    session->send(Bytes::copy_of(std::string(size, 'x')));
    CHECK(session->queued_bytes() == size + 2);
    CHECK((take_output(*session) == frame(0, std::string(size, 'x'))));
  }
  auto session = make(SocketType::router);
  after_handshake(*session, "DEALER", "");
  take_output(*session);
  session->send(Bytes::copy_of(std::string(256, 'x')));
  CHECK(session->queued_bytes() == 256 + 9);
  CHECK((take_output(*session) == long_header(2, 256) + std::string(256, 'x')));
}

TEST_CASE("both length forms are read whatever the length, and empty messages count", "[zmtp]") {
  CHECK(after_handshake(*make(SocketType::router), "DEALER",
                        long_header(2, 3) + "abc" + frame(0, "") + long_header(2, 0)) ==
        Lines{"message abc", "message ", "message "});
}

TEST_CASE("a payload begins at a multiple of sixteen and shares its block with nothing", "[zmtp]") {
  auto session = make(SocketType::router);
  const std::string sent = greeting() + ready("DEALER") + frame(0, "x") + frame(0, "yz");
  const auto room = session->receive_buffer();
  std::memcpy(room.data(), sent.data(), sent.size());
  session->received(sent.size());
  REQUIRE(session->next());
  for (int i = 0; i < 2; ++i) {
    auto event = session->next();
    REQUIRE((event && *event));
    const Bytes& payload = std::get<MessageReceived>(**event).payload;
    CHECK(reinterpret_cast<std::uintptr_t>(payload.data()) % 16 == 0);
    CHECK(payload.footprint_bytes() < 40);
  }
}

TEST_CASE("PING is answered with its context, PONG and unknown commands are not", "[zmtp]") {
  auto session = make(SocketType::dealer);
  after_handshake(*session, "ROUTER", "");
  take_output(*session);
  CHECK(feed(*session, command("PONG", "x") + command("WHATEVER", "data")).empty());
  CHECK(take_output(*session).empty());
  CHECK(feed(*session, command("PING", bytes({0, 10}) + "ctx")).empty());
  CHECK((take_output(*session) == command("PONG", "ctx")));
  feed(*session, command("PING", bytes({0, 10})));
  CHECK((take_output(*session) == command("PONG")));
  feed(*session, command("PING", bytes({0, 10}) + "0123456789abcdefg"));
  CHECK((take_output(*session) == command("PONG", "0123456789abcdef")));
}

TEST_CASE("a flood of PING from a peer that reads no PONG costs little memory", "[zmtp]") {
  auto session = make(SocketType::router);
  after_handshake(*session, "DEALER", "");
  take_output(*session);
  for (int i = 0; i < 20'000; ++i) feed(*session, command("PING", bytes({0, 1})));
  CHECK(session->queued_bytes() == 0);
  CHECK(take_output(*session).size() < 5000);
  feed(*session, command("PING", bytes({0, 1}) + "again"));
  CHECK((take_output(*session) == command("PONG", "again")));
}

TEST_CASE("commands belong to nobody's message but may stand between its parts", "[zmtp]") {
  CHECK(after_handshake(*make(SocketType::router), "DEALER",
                        frame(1, "a") + command("PONG") + frame(0, "b") + frame(0, "c")) ==
        Lines{"ignored a message in several parts", "message c"});
}

TEST_CASE("a multipart message is ignored once, however long its parts", "[zmtp]") {
  const std::string parts = frame(1, "") + long_header(3, 70'000) + std::string(70'000, 'x') +
                            frame(1, "y") + frame(0, "z");
  CHECK(after_handshake(*make(SocketType::router), "DEALER", parts + frame(0, "next")) ==
        Lines{"ignored a message in several parts", "message next"});
}

TEST_CASE("lengths above a limit are refused with both numbers", "[zmtp]") {
  const SessionLimits limits{.frame_bytes_max = 300};
  const auto said = [&](const std::string& more) {
    return after_handshake(*make(SocketType::router, "", limits), "DEALER", more);
  };
  CHECK(said(long_header(2, 300) + std::string(300, 'x')).size() == 1);
  CHECK(said(long_header(2, 301)) == Lines{"error a message of 301 bytes, the limit is 300"});
  CHECK(said(long_header(6, 301)) == Lines{"error a command of 301 bytes, the limit is 300"});
  CHECK(said(frame(1, std::string(250, 'x')) + bytes({0, 51})) ==
        Lines{"error a message of 51 bytes after 250 in earlier parts, the limit is 300"});
  const std::string full = frame(1, std::string(200, 'x')) + frame(0, std::string(100, 'x'));
  CHECK(said(full + full + long_header(2, 300) + std::string(300, 'y')).size() == 3);
  CHECK(said(long_header(2, UINT64_MAX)) ==
        Lines{"error a message of 18446744073709551615 bytes, the limit is 300"});
  CHECK(after_handshake(*make(SocketType::router), "DEALER", long_header(6, 20'000)) ==
        Lines{"error a command of 20000 bytes, the limit is 16384"});
}

TEST_CASE("what breaks the framing ends the connection", "[zmtp]") {
  for (const int flags : {8, 0x10, 0x80, 0xff, 5, 7}) {
    const Lines lines = after_handshake(*make(SocketType::router), "DEALER", frame(flags, "body"));
    REQUIRE(lines.size() == 1);
    CHECK_THAT(lines[0], Catch::StartsWith("error frame flags 0x"));
  }
  CHECK(after_handshake(*make(SocketType::router), "DEALER", command("PING", "x")) ==
        Lines{"error a PING without a TTL"});
  CHECK(
      after_handshake(*make(SocketType::router), "DEALER", command("ERROR", bytes({3}) + "bye")) ==
      Lines{"error the peer reports: bye"});
}

TEST_CASE("subscriptions are understood as commands and as messages", "[zmtp]") {
  CHECK(after_handshake(*make(SocketType::pub), "SUB",
                        command("SUBSCRIBE") + command("SUBSCRIBE", "a") + frame(0, bytes({1})) +
                            frame(0, bytes({1}) + "b") + command("CANCEL", "a") +
                            frame(0, bytes({0}) + "b")) ==
        Lines{"subscribed ", "subscribed a", "subscribed ", "subscribed b", "unsubscribed a",
              "unsubscribed b"});
  CHECK(after_handshake(*make(SocketType::pub), "SUB", frame(0, "hello") + frame(0, "")) ==
        Lines(2, "ignored a message to a publisher that is not a subscription"));
  CHECK(after_handshake(*make(SocketType::router), "DEALER", command("SUBSCRIBE", "a")).empty());
  CHECK(after_handshake(*make(SocketType::pub), "SUB", long_header(2, 20'000)) ==
        Lines{"error a message of 20000 bytes, the limit is 16384"});
}

TEST_CASE("a subscriber subscribes in the form of the peer's version", "[zmtp]") {
  const auto said_to = [](int minor) {
    auto session = make(SocketType::sub);
    feed(*session, greeting(3, minor));
    return take_output(*session).substr(64);
  };
  const std::string ready_command = command("READY", property("Socket-Type", "SUB"));
  CHECK((said_to(1) == ready_command + command("SUBSCRIBE")));
  CHECK((said_to(0) == ready_command + frame(0, bytes({1}))));
}

TEST_CASE("an announced length costs no more than a first block until the bytes come", "[zmtp]") {
  const SessionLimits limits{.frame_bytes_max = UINT64_MAX};
  for (const int flags : {2, 3}) {
    auto session = make(SocketType::router, "", limits);
    after_handshake(*session, "DEALER", "");
    const std::size_t before = support::heap_bytes();
    CHECK(feed(*session, long_header(flags, std::uint64_t{1} << 63) + "some").empty());
    CHECK(support::heap_bytes() - before <= (std::size_t{1} << 20) + 4096);
    CHECK(session->receive_buffer().size() <= std::size_t{1} << 20);
  }
}

TEST_CASE("a long message is received in place", "[zmtp]") {
  const std::string body(3'000'000, 'b');
  auto session = make(SocketType::router);
  after_handshake(*session, "DEALER", long_header(2, body.size()));
  const std::byte* place = session->receive_buffer().data();
  Lines lines;
  feed(*session, body.substr(0, 500'000), lines);
  CHECK(session->receive_buffer().data() == place + 500'000);
  feed(*session, body.substr(500'000) + frame(0, "next"), lines);
  CHECK((lines == Lines{"message " + body, "message next"}));
}

TEST_CASE("ten thousand silent connections are cheap", "[zmtp]") {
  const auto silent = [] {
    auto session = make(SocketType::router, "scheduler");
    after_handshake(*session, "DEALER", frame(0, "hello"));
    take_output(*session);
    return session;
  };
  std::vector<std::unique_ptr<Session>> sessions;
  sessions.reserve(1000);
  const std::size_t before = support::heap_bytes();
  for (int i = 0; i < 1000; ++i) sessions.push_back(silent());
  CHECK((support::heap_bytes() - before) / 1000 < 512);
}

}  // namespace scaler::zmtp
