#include <catch2/catch.hpp>

#include "zmtp/support.hpp"

namespace scaler::zmtp {

TEST_CASE("our greeting is 64 bytes and nothing follows it before the peer's", "[zmtp]") {
  auto session = make(SocketType::dealer, "me");
  session->send(Bytes::copy_of("early"));
  REQUIRE((take_output(*session) ==
           bytes({0xff, 0, 0, 0, 0, 0, 0, 0, 3, 0x7f, 3, 1}) + "NULL" + std::string(48, '\0')));
  REQUIRE(feed(*session, greeting().substr(0, 63)).empty());
  REQUIRE(take_output(*session).empty());
  REQUIRE(session->queued_bytes() == 7);
}

TEST_CASE("after the peer's greeting READY and what was held go out together", "[zmtp]") {
  auto session = make(SocketType::dealer, "me");
  session->send(Bytes::copy_of("one"));
  session->send(Bytes::copy_of("two"));
  take_output(*session);
  feed(*session, greeting());
  REQUIRE((take_output(*session, SIZE_MAX) ==
           ready("DEALER", "me") + frame(0, "one") + frame(0, "two")));
  REQUIRE(session->queued_bytes() == 0);
}

TEST_CASE("READY carries X-Scaler when we announce ourselves", "[zmtp]") {
  auto session =
      make_session({.local = SocketType::router, .identity = Bytes::copy_of("s"), .limits = {}});
  feed(*session, greeting());
  REQUIRE((take_output(*session).substr(64) ==
           command("READY", property("Socket-Type", "ROUTER") + property("Identity", "s") +
                                property("X-Scaler", "1"))));
}

TEST_CASE("publishers and subscribers send no identity", "[zmtp]") {
  auto session = make(SocketType::pub, "unused");
  feed(*session, greeting());
  REQUIRE((take_output(*session).substr(64) == command("READY", property("Socket-Type", "PUB"))));
}

TEST_CASE("the peer's READY tells its identity, pattern and kinship", "[zmtp]") {
  auto session = make(SocketType::router);
  const std::string bytes_in =
      greeting() + command("READY", property("SOCKET-TYPE", "DEALER") + property("x-other", "?") +
                                        property("identity", "who") + property("x-scaler", ""));
  const auto room = session->receive_buffer();
  std::memcpy(room.data(), bytes_in.data(), bytes_in.size());
  session->received(bytes_in.size());
  auto event = session->next();
  REQUIRE((event && *event));
  const auto& peer = std::get<PeerReady>(**event);
  CHECK(peer.identity.text() == "who");
  CHECK(peer.socket_type == SocketType::dealer);
  CHECK(peer.speaks_scaler);
}

TEST_CASE("a peer may greet with any version from 3.0 on", "[zmtp]") {
  for (const auto& [major, minor] : {std::pair{3, 0}, {3, 1}, {3, 9}, {4, 0}}) {
    auto session = make(SocketType::router);
    CHECK(feed(*session, greeting(major, minor) + ready("DEALER", "x")) == Lines{"ready x"});
  }
}

TEST_CASE("an identity may hold any bytes, and be empty", "[zmtp]") {
  const std::string strange = bytes({0, 1, 0xff, '\n'});
  CHECK(feed(*make(SocketType::router), greeting() + ready("DEALER", strange)) ==
        Lines{"ready " + strange});
  CHECK(feed(*make(SocketType::router), greeting() + ready("DEALER")) == Lines{"ready "});
}

TEST_CASE("each socket type talks to its partners only", "[zmtp]") {
  struct Row {
    SocketType local;
    const char* name;
    std::vector<std::string> partners;
  };
  const Row rows[] = {{SocketType::router, "ROUTER", {"DEALER", "REQ", "ROUTER"}},
                      {SocketType::dealer, "DEALER", {"ROUTER", "REP", "DEALER"}},
                      {SocketType::pub, "PUB", {"SUB", "XSUB"}},
                      {SocketType::sub, "SUB", {"PUB", "XPUB"}}};
  for (const Row& row : rows)
    for (const char* peer : {"ROUTER", "DEALER", "REQ", "REP", "PUB", "SUB", "XPUB", "XSUB", "PAIR",
                             "PUSH", "PULL", "dealer", "", "ROUTERS"}) {
      INFO(row.name << " with " << peer);
      const Lines lines = feed(*make(row.local), greeting() + ready(peer));
      REQUIRE(lines.size() == 1);
      if (std::ranges::count(row.partners, peer) > 0)
        CHECK(lines[0] == "ready ");
      else
        CHECK(lines[0] == std::string("error the peer is a ") + peer +
                              " socket, which cannot talk to our " + row.name);
    }
}

TEST_CASE("a handshake that no ZMTP 3 peer makes is refused with a reason", "[zmtp]") {
  struct Row {
    std::string sent;
    const char* error;
  };
  const std::string cut = "a property in READY passes its end";
  const Row rows[] = {
      {"GET / HTTP/1.1\r\n",
       "not a ZMTP greeting: expected ff, eight bytes and 7f, got \"GET / HTTP\""},
      {bytes({0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x00}), "not a ZMTP greeting"},
      {bytes({0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1}),
       "the peer speaks ZMTP revision 1, we need 3.0"},
      {greeting(2, 0).substr(0, 11), "the peer speaks ZMTP revision 2, we need 3.0"},
      {greeting(3, 1, "CURVE"),
       "the peer wants the security mechanism \"CURVE\", we offer \"NULL\""},
      {greeting(3, 1, "NULLX"), "the security mechanism \"NULLX\""},
      {greeting(3, 1, ""), "the security mechanism \"\""},
      {greeting() + frame(0, "m"), "a message before the peer's READY"},
      {greeting() + frame(1, "m"), "a message before the peer's READY"},
      {greeting() + command("PING", "xx"), "expected READY from the peer, got the command PING"},
      {greeting() + command("ERROR", bytes({4}) + "nope"), "the peer refuses us: nope"},
      {greeting() + command("ERROR"), "the peer refuses us: no reason given"},
      {greeting() + command("ERROR", bytes({200}) + "cut\n"), "the peer refuses us: cut\\x0a"},
      {greeting() + command("READY"), "READY without a Socket-Type"},
      {greeting() + command("READY", property("Identity", "x")), "READY without a Socket-Type"},
      {greeting() + command("READY", bytes({11}) + "Socket"), cut.c_str()},
      {greeting() + command("READY", bytes({4}) + "name" + bytes({0, 0, 0})), cut.c_str()},
      {greeting() + command("READY", bytes({1}) + "n" + bytes({0, 0, 0, 1})), cut.c_str()},
      {greeting() + command("READY", bytes({1}) + "n" + bytes({255, 255, 255, 255})), cut.c_str()},
      {greeting() + command("READY", bytes({0, 0, 0, 0, 0})), "a property in READY has no name"},
      {greeting() + frame(4, ""), "a command without a name"},
      {greeting() + frame(4, bytes({0, 5})), "a command whose name passes its end"},
      {greeting() + frame(4, bytes({6}) + "READY"), "a command whose name passes its end"},
      {greeting() + ready("DEALER") + ready("DEALER"), "a second READY from the peer"},
  };
  for (const Row& row : rows) {
    auto session = make(SocketType::router);
    const Lines lines = feed(*session, row.sent);
    INFO("expected: " << row.error);
    REQUIRE_FALSE(lines.empty());
    CHECK_THAT(lines.back(), Catch::StartsWith("error ") && Catch::Contains(row.error));
    auto again = session->next();
    REQUIRE_FALSE(again);
    CHECK(again.error().code == Errc::protocol);
  }
}

TEST_CASE("an identity above its limit is refused with both numbers", "[zmtp]") {
  CHECK(feed(*make(SocketType::router, "", {.identity_bytes_max = 10}),
             greeting() + ready("DEALER", "0123456789")) == Lines{"ready 0123456789"});
  CHECK(feed(*make(SocketType::router, "", {.identity_bytes_max = 10}),
             greeting() + ready("DEALER", "0123456789x")) ==
        Lines{"error an identity of 11 bytes, the limit is 10"});
}

TEST_CASE("greeting and READY mean the same wherever they are cut", "[zmtp]") {
  for (const std::string& sent :
       {greeting() + ready("DEALER", "p"), greeting(3, 1, "PLAIN"), greeting() + command("ERROR"),
        greeting(1, 0), std::string("SSH-2.0-OpenSSH")}) {
    // A refusal may come before all bytes are there, but must be one and the same kind.
    auto whole = make(SocketType::router);
    const Lines expected = feed(*whole, sent);
    for (std::size_t cut = 1; cut < sent.size(); ++cut) {
      auto session = make(SocketType::router);
      Lines lines;
      feed(*session, sent.substr(0, cut), lines);
      if (lines.empty()) feed(*session, sent.substr(cut), lines);
      REQUIRE(lines.size() == 1);
      CHECK(lines[0].substr(0, 20) == expected[0].substr(0, 20));
    }
  }
}

}  // namespace scaler::zmtp
