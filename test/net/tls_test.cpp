#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include "net/support.hpp"
#include "scaler/net/tls_files.hpp"
#include "support/tls_credentials.hpp"

namespace scaler::net {
namespace {

const char* const encrypted = "tls://127.0.0.1:0";

RouterOptions with_certificate(PortKind kind = PortKind::scheduler) {
  return {.kind = kind,
          .identity = "router",
          .limits = {},
          .handshake_patience = Duration::zero(),
          .tls = support::context_of(support::elliptic)};
}

Address plain(Address address) {
  address.scheme = Address::Scheme::tcp;
  return address;
}

// Connects one of our dealers, which shows no certificate; messages go both ways.
void talk(const char* where, Protocol heard_as, PortKind kind) {
  TestLoop test;
  RecordingRouter router(test.loop, with_certificate(kind));
  router.act_on_message = [&](PeerId id, Bytes payload) {
    router.router->send(id, std::move(payload));
  };
  RecordingDealer dealer(test.loop, router.listen(where), Protocol::zmtp, "Worker|one");
  REQUIRE(dealer.dealer->send(Bytes::copy_of("before the handshake")));
  test.run_until([&] { return dealer.connections == 1; });
  REQUIRE(dealer.dealer->send(Bytes::copy_of(std::string(3'000'000, 'x'))));
  test.run_until([&] { return dealer.messages.size() == 2; });
  REQUIRE(dealer.messages == std::vector<std::string>{"before the handshake", "(long)"});
  REQUIRE(router.peers.size() == 1);
  REQUIRE(router.peers[0].protocol == heard_as);
  router.router->close(router.peers[0].id, 1s);
  test.run_until([&] { return !dealer.disconnections.empty() && router.lost.size() == 1; });
}

// Who says `bytes` to a port that encrypts is dropped; what the log says then.
std::string dropped_for(const std::string& bytes) {
  LogRecorder log;
  TestLoop test;
  RecordingRouter router(test.loop, with_certificate());
  RawClient bad(plain(router.listen(encrypted)));
  bad.say(bytes);
  test.run_until([&] { return router.router->counters().dropped_peers == 1; });
  REQUIRE(log.lines.size() == 1);
  return log.lines[0];
}

}  // namespace

TEST_CASE("a dealer and any port talk over TLS, with and without WebSocket", "[net]") {
  talk(encrypted, Protocol::ymq, PortKind::scheduler);
  talk("wss://127.0.0.1:0/any/path", Protocol::websocket, PortKind::store);
}

TEST_CASE("a port that encrypts takes nobody who does not", "[net]") {
  REQUIRE_THAT(dropped_for(ymq_hello("plain")), Catch::Contains("its address needs tls://"));
  REQUIRE_THAT(dropped_for("GET / HTTP/1.1\r\n"), Catch::Contains("its address needs wss://"));
  REQUIRE_THAT(dropped_for("hello"), Catch::Contains("speaks TLS only"));
}

TEST_CASE("a TLS client of a port that does not encrypt is told in the log, once", "[net]") {
  LogRecorder log;
  TestLoop test;
  RecordingRouter router(test.loop);
  Address address = router.listen("tcp://127.0.0.1:0");
  address.scheme = Address::Scheme::tls;
  RecordingDealer dealer(test.loop, address, Protocol::ymq, "lost");
  test.run_until([&] { return !dealer.disconnections.empty(); });
  REQUIRE(log.said("a TLS client: this port does not encrypt"));
}

TEST_CASE("a handshake that never ends costs its connection only", "[net]") {
  LogRecorder log;
  TestLoop test;
  RouterOptions options = with_certificate();
  options.handshake_patience = 20ms;
  RecordingRouter router(test.loop, std::move(options));
  RawClient slow(plain(router.listen(encrypted)));
  slow.say(std::string("\x16\x03\x01\x02", 4));
  test.run_until([&] { return router.router->counters().dropped_peers == 1; });
  REQUIRE(log.said("no handshake within"));
}

TEST_CASE("fifty handshakes at once all end well, a few in each turn", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop, with_certificate());
  const Address address = router.listen(encrypted);
  std::vector<std::unique_ptr<RecordingDealer>> dealers;
  for (int i = 0; i < 50; ++i)
    dealers.push_back(std::make_unique<RecordingDealer>(test.loop, address, Protocol::ymq,
                                                        "Worker|" + std::to_string(i)));
  std::size_t before = 0;
  std::size_t most = 0;
  test.run_until([&] {
    most = std::max(most, router.router->peers() - before);
    before = router.router->peers();
    return before == 50;
  });
  REQUIRE(most <= 4);
}

TEST_CASE("an address that encrypts cannot be listened on without a certificate", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const auto bound = router.router->listen(*Address::parse(encrypted));
  REQUIRE_FALSE(bound);
  REQUIRE(bound.error().code == Errc::usage);
  REQUIRE_THAT(bound.error().text, Catch::Contains("--tls-cert"));
}

TEST_CASE("credentials come from two files, and what is wrong names the file", "[net]") {
  const std::string folder = fresh_path("tls");
  std::filesystem::create_directory(folder);
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(folder + "/" + name) << text;
    return folder + "/" + name;
  };
  const std::string certificate = write("cert.pem", support::rsa.certificate);
  const std::string key = write("key.pem", support::rsa.key);
  REQUIRE(open_tls({certificate, key}).value()->can_listen());
  REQUIRE(open_tls({}).value() == nullptr);
  REQUIRE_THAT(open_tls({folder + "/none", key}).error().text,
               Catch::Contains("/none: no such file"));
  REQUIRE_THAT(open_tls({certificate, folder}).error().text, Catch::Contains("is a directory"));
  REQUIRE_THAT(open_tls({certificate, write("other.pem", support::elliptic.key)}).error().text,
               Catch::Contains("other.pem: not the key of the certificate"));
  std::filesystem::remove_all(folder);
}

}  // namespace scaler::net
