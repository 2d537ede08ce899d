#include <catch2/catch.hpp>

#include "net/support.hpp"

namespace scaler::net {
namespace {}  // namespace

TEST_CASE("a dealer reconnects after a restart of its server and keeps what was not handed over",
          "[net]") {
  const Protocol protocol = GENERATE(Protocol::zmtp, Protocol::ymq);
  TestLoop test;
  auto first = std::make_unique<RecordingRouter>(test.loop);
  const Address address = first->listen(loopback);
  RecordingDealer dealer(test.loop, address, protocol, "d");
  dealer.dealer->send(Bytes::copy_of("one"));
  test.run_until([&] { return first->messages.size() == 1; });
  first.reset();
  test.run_until([&] { return !dealer.disconnections.empty(); });
  REQUIRE_FALSE(dealer.dealer->connected());
  REQUIRE(dealer.dealer->send(Bytes::copy_of("two")));
  REQUIRE(dealer.dealer->send(Bytes::copy_of("three")));
  REQUIRE(dealer.dealer->queued_bytes() == 8);
  RecordingRouter second(test.loop);
  second.listen(address.to_string());
  test.run_until([&] { return second.messages.size() == 2; });
  REQUIRE(second.messages == std::vector<std::string>{"two", "three"});
  REQUIRE(dealer.connections == 2);
}

TEST_CASE("a dealer tells each failed attempt and why, and goes on", "[net]") {
  TestLoop test;
  Address address;
  {
    RecordingRouter router(test.loop);
    address = router.listen(loopback);
  }
  RecordingDealer dealer(test.loop, address, Protocol::zmtp, "d");
  test.run_until([&] { return dealer.disconnections.size() >= 3; });
  REQUIRE(dealer.disconnections[0] ==
          "cannot connect to " + address.to_string() + ": connection refused");
  REQUIRE(dealer.connections == 0);
  RecordingRouter router(test.loop);
  router.listen(address.to_string());
  test.run_until([&] { return dealer.connections == 1; });
}

TEST_CASE("a dealer waits for a unix socket that is not there yet", "[net]") {
  TestLoop test;
  const std::string path = "ipc://" + fresh_path("later");
  RecordingDealer dealer(test.loop, *Address::parse(path), Protocol::ymq, "d");
  test.run_until([&] { return !dealer.disconnections.empty(); });
  RecordingRouter router(test.loop);
  router.listen(path);
  test.run_until([&] { return dealer.connections == 1; });
}

TEST_CASE("a dealer that its server drops tries again", "[net]") {
  LogRecorder log;
  TestLoop test;
  RecordingRouter router(test.loop, {.kind = PortKind::store, .identity = "s", .limits = {}});
  const Address address = router.listen(loopback);
  RecordingDealer dealer(test.loop, address, Protocol::zmtp, "d");
  test.run_until([&] { return dealer.disconnections.size() >= 2; });
  REQUIRE(dealer.connections == 0);
  REQUIRE(log.said("scheduler's port"));
}

TEST_CASE("a dealer that listens first speaks what a store says, or what it wants to a silent one",
          "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop, {.kind = PortKind::store, .identity = "s", .limits = {}});
  auto options = RecordingDealer::options_for(router.listen(loopback), Protocol::ymq, "d");
  // Our store port waits before it speaks like an old one.
  const bool old = GENERATE(false, true);
  options.listen_first = old ? Duration(20s) : Duration(1ms);
  router.act_on_message = [&](PeerId id, Bytes payload) {
    REQUIRE(router.router->send(id, std::move(payload)));
  };
  RecordingDealer dealer(test.loop, options);
  dealer.dealer->send(Bytes::copy_of("there and back"));
  test.run_until([&] { return dealer.messages.size() == 1; });
  REQUIRE(dealer.messages.front() == "there and back");
  REQUIRE(router.peers.front().protocol == (old ? Protocol::store_1_12 : Protocol::ymq));
  REQUIRE(dealer.disconnections.empty());
}

TEST_CASE("a dealer may try the other protocol after a server that does not speak the first",
          "[net]") {
  LogRecorder log;
  TestLoop test;
  RecordingRouter router(test.loop, {.kind = PortKind::store, .identity = "s", .limits = {}});
  auto options = RecordingDealer::options_for(router.listen(loopback), Protocol::zmtp, "d");
  options.tries_both_protocols = true;
  RecordingDealer dealer(test.loop, options);
  dealer.dealer->send(Bytes::copy_of("hello"));
  test.run_until([&] { return !router.messages.empty(); });
  REQUIRE(router.messages.front() == "hello");
  REQUIRE(dealer.connections == 1);
}

TEST_CASE("a dealer gives up a server that is silent, and tries again", "[net]") {
  LogRecorder log;
  TestLoop test;
  const RawListener silent;  // the kernel accepts for it
  auto options = RecordingDealer::options_for(silent.address(), Protocol::ymq, "d");
  options.handshake_patience = 10ms;
  RecordingDealer dealer(test.loop, options);
  test.run_until([&] { return dealer.disconnections.size() == 2; });
  REQUIRE(dealer.disconnections[0].find("no handshake") != std::string::npos);
  REQUIRE(log.said("no handshake"));
}

TEST_CASE("a dealer's queue is bounded, connected or not", "[net]") {
  TestLoop test;
  auto options =
      RecordingDealer::options_for(*Address::parse("tcp://127.0.0.1:1"), Protocol::zmtp, "d");
  options.limits.write_queue_bytes_max = 100;
  RecordingDealer dealer(test.loop, options);
  const Bytes forty = Bytes::copy_of(std::string(40, 'x'));
  REQUIRE(dealer.dealer->send(forty));
  REQUIRE(dealer.dealer->send(forty));
  REQUIRE_FALSE(dealer.dealer->send(forty));
  REQUIRE(dealer.dealer->queued_bytes() == 80);
  test.turn(3);
}

TEST_CASE("a dealer that shuts down writes what is queued first", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  router.keep = false;
  const Address address = router.listen(loopback);
  RecordingDealer dealer(test.loop, address, Protocol::zmtp, "d");
  test.run_until([&] { return dealer.connections == 1; });
  const Bytes payload = Bytes::copy_of(std::string(std::size_t{1} << 20, 'x'));
  for (int i = 0; i < 20; ++i) REQUIRE(dealer.dealer->send(payload));
  bool closed = false;
  dealer.dealer->shut_down(20s, [&] {
    closed = true;
    dealer.dealer.reset();
  });
  REQUIRE_FALSE(closed);
  test.run_until([&] { return closed; });
  REQUIRE(router.count == 20);
  REQUIRE(router.bytes == payload.size() * 20);
  REQUIRE(dealer.disconnections.empty());
}

TEST_CASE("a dealer that shuts down during its first attempt still says what it has to", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  RecordingDealer dealer(test.loop, address, Protocol::ymq, "d");
  dealer.dealer->send(Bytes::copy_of("hello and goodbye"));
  bool closed = false;
  dealer.dealer->shut_down(20s, [&] { closed = true; });
  REQUIRE_FALSE(dealer.dealer->send(Bytes::copy_of("too late")));
  test.run_until([&] { return closed; });
  REQUIRE(router.messages == std::vector<std::string>{"hello and goodbye"});
}

TEST_CASE("a dealer without a server shuts down at once", "[net]") {
  TestLoop test;
  RecordingDealer dealer(test.loop, *Address::parse("tcp://127.0.0.1:1"), Protocol::zmtp, "d");
  dealer.dealer->send(Bytes::copy_of("unheard"));
  test.run_until([&] { return !dealer.disconnections.empty(); });
  bool closed = false;
  dealer.dealer->shut_down(1000s, [&] { closed = true; });
  test.run_until([&] { return closed; });
}

TEST_CASE("a paused dealer hears nothing until it is resumed", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  RecordingDealer dealer(test.loop, address, Protocol::zmtp, "d");
  dealer.dealer->pause_reading();  // must not keep the handshake from ending
  test.run_until([&] { return dealer.connections == 1 && !router.peers.empty(); });
  router.router->send(router.peers[0].id, Bytes::copy_of("x"));
  test.turn(10);
  REQUIRE(dealer.messages.empty());
  dealer.dealer->resume_reading();
  test.run_until([&] { return dealer.messages.size() == 1; });
}

TEST_CASE("an owner may destroy its dealer in any of its events", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  RecordingDealer dealer(test.loop, address, Protocol::ymq, "d");
  const auto destroy = [&] { dealer.dealer.reset(); };
  SECTION("on_connected") { dealer.act_on_connected = destroy; }
  SECTION("on_message") {
    router.act_on_peer = [&](PeerId id) {
      router.router->send(id, Bytes::copy_of("1"));
      router.router->send(id, Bytes::copy_of("2"));
    };
    dealer.act_on_message = [&](Bytes) { destroy(); };
  }
  SECTION("on_disconnected by the server") {
    router.act_on_peer = [&](PeerId id) { router.router->close(id); };
    dealer.act_on_disconnected = destroy;
  }
  SECTION("on_disconnected of a failed attempt") {
    router.router.reset();
    dealer.act_on_disconnected = destroy;
  }
  SECTION("on_closed") {
    dealer.act_on_connected = [&] { dealer.dealer->shut_down(20s, destroy); };
  }
  test.run_until([&] { return dealer.dealer == nullptr; });
  REQUIRE(dealer.messages.size() <= 1);
}

TEST_CASE("a dealer destroyed while it looks up a name leaves nothing behind", "[net]") {
  TestLoop test;
  {
    RecordingDealer dealer(test.loop, *Address::parse("tcp://localhost:1"), Protocol::zmtp, "d");
    test.turn(1);
  }
  test.turn(1);
}

TEST_CASE("a dealer to a name that does not resolve says so and tries again", "[net]") {
  TestLoop test;
  RecordingDealer dealer(test.loop, *Address::parse("tcp://no-such-host.invalid:1"), Protocol::zmtp,
                         "d");
  test.run_until([&] { return !dealer.disconnections.empty(); });
  REQUIRE(dealer.disconnections[0].find("'no-such-host.invalid' has no address") !=
          std::string::npos);
}

}  // namespace scaler::net
