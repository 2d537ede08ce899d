#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "net/support.hpp"

namespace scaler::net {
namespace {

Bytes patterned(std::size_t size) {
  Buffer buffer(size);
  for (std::size_t i = 0; i < size; ++i)
    buffer.spare()[i] = static_cast<std::byte>((i * 2654435761U) >> 13);
  buffer.commit(size);
  return std::move(buffer).freeze();
}

// Connects one of our dealers, sends both ways, and checks that both arrive once and in order.
void talk(const std::string& where, Protocol protocol, PortKind kind = PortKind::scheduler) {
  TestLoop test;
  RecordingRouter router(test.loop, {.kind = kind, .identity = "router", .limits = {}});
  const Address address = router.listen(where);
  router.act_on_message = [&](PeerId id, Bytes payload) {
    REQUIRE(router.router->send(id, std::move(payload)));
  };
  RecordingDealer dealer(test.loop, address, protocol, "Worker|one");
  REQUIRE(dealer.dealer->send(Bytes::copy_of("before the handshake")));
  test.run_until([&] { return dealer.connections == 1; });
  REQUIRE(dealer.dealer->send(Bytes::copy_of("after it")));
  REQUIRE(dealer.dealer->send(Bytes{}));
  test.run_until([&] { return dealer.messages.size() == 3; });
  const std::vector<std::string> expected{"before the handshake", "after it", ""};
  REQUIRE(router.messages == expected);
  REQUIRE(dealer.messages == expected);
  REQUIRE(router.peers.size() == 1);
  REQUIRE(router.peers[0].identity == "Worker|one");
  REQUIRE(router.peers[0].protocol == protocol);
  REQUIRE(router.router->peers() == 1);
  REQUIRE(router.router->counters().messages_in == 3);
  REQUIRE(router.router->counters().messages_out == 3);
  REQUIRE(router.router->counters().bytes_in > 28);
  dealer.dealer.reset();
  test.run_until([&] { return router.lost.size() == 1; });
  REQUIRE(router.router->peers() == 0);
  REQUIRE_FALSE(router.router->send(router.peers[0].id, Bytes::copy_of("to nobody")));
}

bool has_ipv6() {
  Loop loop;
  RecordingRouter router(loop);
  return static_cast<bool>(router.router->listen(*Address::parse("tcp://[::1]:0")));
}

}  // namespace

TEST_CASE("a dealer and a router talk over ZMTP", "[net]") { talk(loopback, Protocol::zmtp); }
TEST_CASE("a dealer and a router talk over YMQ", "[net]") { talk(loopback, Protocol::ymq); }
TEST_CASE("a dealer and a store port talk over YMQ", "[net]") {
  talk(loopback, Protocol::ymq, PortKind::store);
}
TEST_CASE("a dealer and a store port talk in the framing of 1.12.28", "[net]") {
  talk(loopback, Protocol::store_1_12, PortKind::store);
}
TEST_CASE("a dealer and any port talk over WebSocket", "[net]") {
  talk("ws://127.0.0.1:0/any/path", Protocol::websocket);
  talk("ws://127.0.0.1:0", Protocol::websocket, PortKind::store);
}
TEST_CASE("a host name is looked up", "[net]") { talk("tcp://localhost:0", Protocol::zmtp); }
TEST_CASE("a star listens on all interfaces", "[net]") { talk("tcp://*:0", Protocol::ymq); }
TEST_CASE("a dealer and a router talk over a unix socket", "[net]") {
  const std::string path = fresh_path("talk");
  talk("ipc://" + path, Protocol::zmtp);
  REQUIRE_FALSE(std::filesystem::exists(path));  // the listener removes its file
}

TEST_CASE("a dealer and a router talk over IPv6", "[net]") {
  if (!has_ipv6()) {
    WARN("this machine has no IPv6");
    return;
  }
  talk("tcp://[::1]:0", Protocol::ymq);
}

TEST_CASE("all protocols share a scheduler port", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  RecordingDealer zmtp(test.loop, address, Protocol::zmtp, "z");
  RecordingDealer ymq(test.loop, address, Protocol::ymq, "y");
  Address by_websocket = address;
  by_websocket.scheme = Address::Scheme::ws;
  by_websocket.path = "/";
  RecordingDealer websocket(test.loop, by_websocket, Protocol::zmtp, "w");
  test.run_until([&] { return router.router->peers() == 3; });
}

TEST_CASE("an HTTP client is told by a log line what the port speaks", "[net]") {
  LogRecorder log;
  TestLoop test;
  RecordingRouter router(test.loop);
  RawClient bad(router.listen(loopback));
  bad.say("GET /metrics HTTP/1.1\r\n\r\n");
  test.run_until([&] { return router.router->counters().dropped_peers == 1; });
  REQUIRE(log.said("WebSocket"));
}

TEST_CASE("a message of 64 MB arrives unharmed both ways", "[net]") {
  const Protocol protocol = GENERATE(Protocol::zmtp, Protocol::ymq);
  TestLoop test;
  RecordingRouter router(test.loop);
  router.keep = false;
  const Address address = router.listen(loopback);
  RecordingDealer dealer(test.loop, address, protocol, "big");
  const Bytes sent = patterned(std::size_t{64} << 20);
  bool same = false;
  router.act_on_message = [&](PeerId id, Bytes payload) {
    same = payload == sent;
    router.router->send(id, std::move(payload));
  };
  dealer.dealer->send(sent);
  test.run_until([&] { return !dealer.messages.empty(); });
  REQUIRE(same);
  REQUIRE(dealer.last == sent);
  REQUIRE(dealer.dealer->queued_bytes() == 0);
}

TEST_CASE("many small messages keep their order", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  RecordingDealer dealer(test.loop, address, Protocol::zmtp, "many");
  for (int i = 0; i < 20000; ++i) REQUIRE(dealer.dealer->send(Bytes::copy_of(std::to_string(i))));
  test.run_until([&] { return router.count == 20000; });
  bool ordered = true;
  for (int i = 0; i < 20000; ++i)
    ordered = ordered && router.messages[static_cast<std::size_t>(i)] == std::to_string(i);
  REQUIRE(ordered);
}

TEST_CASE("a newer connection of the same identity replaces the older one", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  RawClient first(address);
  first.say(ymq_hello("twin"));
  test.run_until([&] { return router.peers.size() == 1; });
  RawClient second(address);
  second.say(ymq_hello("twin") + ymq_frame("from the second"));
  test.run_until([&] { return router.messages.size() == 1; });
  REQUIRE(router.history == std::vector<std::string>{"peer twin", "lost", "peer twin"});
  REQUIRE(router.lost_ids[0] == router.peers[0].id);
  REQUIRE(router.router->peers() == 1);
  REQUIRE_FALSE(router.router->send(router.peers[0].id, Bytes::copy_of("x")));
  REQUIRE(router.router->send(router.peers[1].id, Bytes::copy_of("for the second")));
  test.turn(3);
  REQUIRE(second.hear().ends_with("for the second"));
  REQUIRE(first.at_end());
}

TEST_CASE("connections without an identity are peers of their own", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  RawClient first(address);
  RawClient second(address);
  first.say(ymq_hello(""));
  second.say(ymq_hello(""));
  test.run_until([&] { return router.router->peers() == 2; });
  REQUIRE(router.lost.empty());
}

TEST_CASE("garbage costs only the connection that sent it, with one line", "[net]") {
  LogRecorder log;
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  RawClient good(address);
  good.say(ymq_hello("good"));
  RawClient bad(address);
  bad.say("PUT / HTTP/1.1\r\n\r\n");
  test.run_until([&] { return router.router->counters().dropped_peers == 1; });
  REQUIRE(bad.at_end());
  REQUIRE(log.said("505554202f20485454502f312e310d0a"));
  REQUIRE(log.said("HTTP"));
  RawClient late(address);
  late.say(ymq_hello("late") + std::string(8, '\xff'));  // a length beyond any limit
  test.run_until([&] { return router.router->counters().dropped_peers == 2; });
  REQUIRE(router.lost.size() == 1);
  good.say(ymq_frame("still here"));
  test.run_until([&] { return router.messages.size() == 1; });
}

TEST_CASE("a store port needs four bytes to tell its peers apart", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop, {.kind = PortKind::store, .identity = "S", .limits = {}});
  const Address address = router.listen(loopback);
  // An old peer whose identity is 0x59 bytes long: its first byte is YMQ's.
  RawClient old_peer(address);
  old_peer.say("\x59");
  test.turn(3);
  old_peer.say(ymq_frame(std::string(0x59, 'h')).substr(1));
  test.run_until([&] { return router.peers.size() == 1; });
  REQUIRE(router.peers[0].protocol == Protocol::store_1_12);
  RawClient new_peer(address);
  new_peer.say(ymq_hello("n"));
  test.run_until([&] { return router.peers.size() == 2; });
  REQUIRE(router.peers[1].protocol == Protocol::ymq);
}

TEST_CASE("a store port speaks first to a silent peer, in the old framing", "[net]") {
  TestLoop test;
  RecordingRouter router(
      test.loop, {.kind = PortKind::store, .identity = "ObjectStorageServer", .limits = {}});
  const Address address = router.listen(loopback);
  RawClient peer(address);
  std::string heard;
  test.run_until([&] {
    heard += peer.hear();
    test.loop.wake();
    return !heard.empty();
  });
  REQUIRE(heard == ymq_frame("ObjectStorageServer"));
  peer.say(ymq_frame("PyAsync|host"));
  test.run_until([&] { return router.peers.size() == 1; });
  REQUIRE(router.peers[0].protocol == Protocol::store_1_12);
}

TEST_CASE("a scheduler port says nothing to a silent peer and drops it in time", "[net]") {
  LogRecorder log;
  TestLoop test;
  RecordingRouter router(
      test.loop,
      {.kind = PortKind::scheduler, .identity = "", .limits = {}, .handshake_patience = 20ms});
  const Address address = router.listen(loopback);
  RawClient silent(address);
  RawClient half(address);
  half.say("YM");
  RawClient good(address);
  good.say(ymq_hello("good"));
  test.run_until([&] { return router.router->counters().dropped_peers == 2; });
  REQUIRE(silent.hear().empty());
  REQUIRE(silent.at_end());
  REQUIRE(half.at_end());
  REQUIRE(router.router->peers() == 1);
  REQUIRE(router.lost.empty());  // nobody had heard of them
  REQUIRE(log.said("no handshake within 20 ms"));
}

TEST_CASE("above the limit of peers a connection is closed at once", "[net]") {
  LogRecorder log;
  TestLoop test;
  RouterOptions options;
  options.limits.peers_max = 2;
  RecordingRouter router(test.loop, options);
  const Address address = router.listen(loopback);
  RawClient a(address);
  RawClient b(address);
  a.say(ymq_hello("a"));
  b.say(ymq_hello("b"));
  test.run_until([&] { return router.router->peers() == 2; });
  RawClient c(address);
  test.run_until([&] { return router.router->counters().dropped_peers == 1; });
  REQUIRE(c.at_end());
  REQUIRE(log.said("2 connections already"));
}

TEST_CASE("a peer that does not read is dropped at the limit of its queue", "[net]") {
  LogRecorder log;
  TestLoop test;
  RouterOptions options;
  options.limits.write_queue_bytes_max = std::size_t{8} << 20;
  RecordingRouter router(test.loop, options);
  const Address address = router.listen(loopback);
  RawClient slow(address, 4096);
  slow.say(ymq_hello("slow"));
  test.run_until([&] { return router.peers.size() == 1; });
  const Bytes chunk = patterned(std::size_t{1} << 20);
  const PeerId peer = router.peers[0].id;
  test.run_until([&] {
    if (router.router->send(peer, chunk)) test.loop.wake();
    return !router.lost.empty();
  });
  REQUIRE(log.said("it does not read"));
  REQUIRE(router.router->queued_bytes(peer) == 0);
}

TEST_CASE("a port stops reading a peer whose answers pile up, and goes on when they left",
          "[net]") {
  TestLoop test;
  RouterOptions options;
  options.kind = GENERATE(PortKind::store, PortKind::scheduler);
  options.limits.write_queue_bytes_pause = std::size_t{1} << 20;
  RecordingRouter router(test.loop, options);
  const Address address = router.listen(loopback);
  const Bytes answer = patterned(std::size_t{8} << 20);
  router.act_on_message = [&](PeerId id, Bytes) { router.router->send(id, answer); };
  RawClient peer(address, 4096);
  peer.say(ymq_hello("greedy") + ymq_frame("get") + ymq_frame("get") + ymq_frame("get"));
  test.run_until([&] { return router.count == 1; });
  test.turn(20);
  REQUIRE(router.count == 1);  // the second request waits in our session, unread
  test.run_until([&] {
    peer.hear();
    test.loop.wake();
    return router.count == 3;
  });
}

TEST_CASE("a paused peer is not heard until it is resumed", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  router.act_on_message = [&](PeerId id, Bytes) {
    if (router.count == 1) router.router->pause_reading(id);
  };
  RawClient peer(address);
  peer.say(ymq_hello("p") + ymq_frame("1") + ymq_frame("2"));
  test.run_until([&] { return router.count == 1; });
  peer.say(ymq_frame("3"));
  test.turn(10);
  REQUIRE(router.count == 1);
  router.router->resume_reading(router.peers[0].id);
  test.run_until([&] { return router.count == 3; });
  REQUIRE(router.messages == std::vector<std::string>{"1", "2", "3"});
}

TEST_CASE("messages sent before a half close are delivered, then the peer is lost", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  RawClient peer(address);
  peer.say(ymq_hello("p") + ymq_frame("last words"));
  peer.end_output();
  test.run_until([&] { return router.lost.size() == 1; });
  REQUIRE(router.messages == std::vector<std::string>{"last words"});
  REQUIRE(peer.at_end());
}

TEST_CASE("a reset connection is lost without a log line", "[net]") {
  LogRecorder log;
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  RawClient peer(address);
  peer.say(ymq_hello("p"));
  test.run_until([&] { return router.peers.size() == 1; });
  peer.reset();
  test.run_until([&] { return router.lost.size() == 1; });
  REQUIRE(router.lost[0].find("reset") != std::string::npos);
  REQUIRE(log.lines.empty());
}

TEST_CASE("close writes what is queued, and the peer is lost afterwards", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  router.act_on_peer = [&](PeerId id) {
    router.router->send(id, Bytes::copy_of("farewell"));
    router.router->close(id, 20s);
    REQUIRE(router.lost.empty());
  };
  RecordingDealer dealer(test.loop, address, Protocol::zmtp, "d");
  dealer.act_on_disconnected = [&] { dealer.dealer.reset(); };
  test.run_until([&] { return !dealer.disconnections.empty() && !router.lost.empty(); });
  REQUIRE(dealer.messages == std::vector<std::string>{"farewell"});
}

TEST_CASE("close without patience drops what is queued and calls back later, not inside", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  router.act_on_peer = [&](PeerId id) {
    router.router->close(id);
    REQUIRE(router.lost.empty());
    REQUIRE_FALSE(router.router->send(id, Bytes::copy_of("too late")));
  };
  RawClient peer(address);
  peer.say(ymq_hello("p"));
  test.run_until([&] { return router.lost.size() == 1; });
  REQUIRE(peer.at_end());
}

TEST_CASE("shut_down flushes to all peers, closes normally and says so once", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  RecordingDealer a(test.loop, address, Protocol::zmtp, "a");
  RecordingDealer b(test.loop, address, Protocol::ymq, "b");
  a.act_on_disconnected = [&] { a.dealer.reset(); };
  b.act_on_disconnected = [&] { b.dealer.reset(); };
  test.run_until([&] { return router.router->peers() == 2; });
  const Bytes payload = patterned(std::size_t{3} << 20);
  for (const auto& peer : router.peers) router.router->send(peer.id, payload);
  int closed = 0;
  router.router->shut_down(20s, [&] {
    ++closed;
    router.router.reset();
  });
  REQUIRE(closed == 0);
  test.run_until([&] { return closed == 1 && !a.dealer && !b.dealer; });
  REQUIRE(a.last == payload);
  REQUIRE(b.last == payload);
  REQUIRE(b.disconnections[0].find("closed by the peer") != std::string::npos);
  REQUIRE(router.lost.empty());
}

TEST_CASE("shut_down does not wait longer than its patience for a peer that hangs", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  RawClient stuck(address, 4096);
  stuck.say(ymq_hello("stuck"));
  test.run_until([&] { return router.router->peers() == 1; });
  router.router->send(router.peers[0].id, patterned(std::size_t{16} << 20));
  bool closed = false;
  router.router->shut_down(10ms, [&] { closed = true; });
  test.run_until([&] { return closed; });
}

TEST_CASE("an owner may destroy its router in any of its events", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  const auto destroy = [&] { router.router.reset(); };
  RawClient peer(address);
  SECTION("on_peer") {
    router.act_on_peer = [&](PeerId) { destroy(); };
    peer.say(ymq_hello("p") + ymq_frame("unheard"));
  }
  SECTION("on_message") {
    router.act_on_message = [&](PeerId, Bytes) { destroy(); };
    peer.say(ymq_hello("p") + ymq_frame("1") + ymq_frame("2"));
  }
  SECTION("on_peer_lost at an end") {
    router.act_on_lost = [&](PeerId) { destroy(); };
    peer.say(ymq_hello("p"));
    peer.end_output();
  }
  SECTION("on_peer_lost after a replacement") {
    router.act_on_lost = [&](PeerId) { destroy(); };
    peer.say(ymq_hello("p"));
    test.run_until([&] { return router.peers.size() == 1; });
    RawClient other(address);
    other.say(ymq_hello("p"));
    test.run_until([&] { return router.router == nullptr; });
  }
  SECTION("on_peer_lost after close") {
    router.act_on_peer = [&](PeerId id) { router.router->close(id); };
    router.act_on_lost = [&](PeerId) { destroy(); };
    peer.say(ymq_hello("p"));
  }
  test.run_until([&] { return router.router == nullptr; });
  REQUIRE(router.messages.size() <= 1);
}

TEST_CASE("a destroyed router says goodbye with an end of stream even to a peer it has not read",
          "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  RawClient peer(address);
  peer.say(ymq_hello("p"));
  test.run_until([&] { return router.peers.size() == 1; });
  router.router->pause_reading(router.peers[0].id);
  peer.say(ymq_frame("unread"));
  router.router.reset();
  char byte = 0;
  while (::recv(peer.descriptor(), &byte, 1, 0) > 0) {
  }
  REQUIRE(::recv(peer.descriptor(), &byte, 1, 0) == 0);  // an end, not a reset
}

}  // namespace scaler::net
