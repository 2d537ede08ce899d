#include "roles/browsers.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <vector>

#include "net/support.hpp"
#include "scaler/http/browser.hpp"

namespace scaler::roles {

namespace {

constexpr std::string_view upgrade =
    "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

// A page's socket, which reads only when told to.
class Page {
 public:
  explicit Page(std::uint16_t port, std::string_view request = upgrade)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int small = 4096;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::send(socket_, request.data(), request.size(), 0) ==
            static_cast<ssize_t>(request.size()));
  }
  ~Page() { ::close(socket_); }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  void read_some() {
    std::vector<char> buffer(1 << 20);
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0) text_.append(buffer.data(), static_cast<std::size_t>(count));
  }
  bool has_ended() const {
    char byte = 0;
    return ::recv(socket_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
  }
  bool has(std::string_view part) const { return text_.find(part) != std::string::npos; }

 private:
  int socket_;
  std::string text_;
};

struct Env {
  explicit Env(net::StreamServer::Options options = {})
      : server(test.loop, options,
               {[] { return http::make_browser_session(); }, [](PeerId, const Bytes&) {},
                [this](PeerId peer) {
                  last = peer;
                  browsers.add(peer);
                  ++came;
                },
                [this](PeerId peer) {
                  browsers.remove(peer);
                  ++gone;
                }}),
        browsers(server),
        port(server.listen(Address::parse("tcp://127.0.0.1:0").value())->port) {}

  void wait_came(int count) {
    test.run_until([&] { return came == count; });
  }

  net::TestLoop test;
  net::StreamServer server;
  Browsers browsers;
  std::uint16_t port;
  PeerId last;
  int came = 0;
  int gone = 0;
};

const Bytes large = Bytes::copy_of(std::string(512 * 1024, 'd'));

// More than the kernel and the queue take.
void flood(Env& env, TimePoint now) {
  for (int i = 0; i < 60; ++i) {
    env.browsers.send_delta(large, now);
    env.test.turn(2);
    REQUIRE(env.server.queued_bytes(env.last) <= Browsers::queue_bytes_max + large.size() + 1024);
  }
}

}  // namespace

TEST_CASE("a page gets a snapshot before any change", "[roles]") {
  Env env;
  Page page(env.port);
  env.wait_came(1);
  env.browsers.send_delta(Bytes::copy_of("early change"), env.test.loop.now());
  REQUIRE(env.browsers.anyone_needs_snapshot());
  env.browsers.send_snapshot(Bytes::copy_of("snapshot"));
  REQUIRE_FALSE(env.browsers.anyone_needs_snapshot());
  env.browsers.send_delta(Bytes::copy_of("later change"), env.test.loop.now());
  env.test.run_until([&] {
    page.read_some();
    env.test.loop.wake();
    return page.has("later change");
  });
  CHECK(page.has("snapshot"));
  CHECK_FALSE(page.has("early change"));
}

TEST_CASE("a page that does not read misses changes, and needs a snapshot when it has caught up",
          "[roles]") {
  Env env;
  Page page(env.port);
  env.wait_came(1);
  env.browsers.send_snapshot(Bytes::copy_of("snapshot"));
  const TimePoint now = env.test.loop.now();
  flood(env, now);
  CHECK_FALSE(env.browsers.anyone_needs_snapshot());
  env.test.run_until([&] {
    page.read_some();
    env.test.loop.wake();
    return env.server.queued_bytes(env.last) == 0;
  });
  env.browsers.send_delta(large, now);
  CHECK(env.browsers.anyone_needs_snapshot());
}

TEST_CASE("a page that never reads is dropped", "[roles]") {
  Env env;
  Page page(env.port);
  env.wait_came(1);
  env.browsers.send_snapshot(Bytes::copy_of("snapshot"));
  flood(env, env.test.loop.now());
  env.browsers.send_delta(large, env.test.loop.now() + Browsers::patience + 1s);
  env.test.run_until([&] { return env.gone == 1; });
  CHECK(env.browsers.empty());
}

TEST_CASE("a WebSocket outlives the time that a connection for requests has", "[roles]") {
  Env env({.lifetime = 20ms});
  Page page(env.port);
  env.wait_came(1);
  const Page idle(env.port, "GET / HTTP/1.1\r\n");  // opened later, and never asks
  env.test.run_until([&] {
    env.test.loop.wake();
    return idle.has_ended();
  });
  CHECK(env.gone == 0);
  env.browsers.send_snapshot(Bytes::copy_of("snapshot"));
  env.test.run_until([&] {
    page.read_some();
    env.test.loop.wake();
    return page.has("snapshot");
  });
}

TEST_CASE("pages beyond the limit are turned away", "[roles]") {
  Env env;
  std::vector<std::unique_ptr<Page>> pages;
  for (std::size_t i = 0; i < Browsers::browsers_max + 2; ++i)
    pages.push_back(std::make_unique<Page>(env.port));
  env.test.run_until([&] { return env.gone == 2; });
  CHECK(env.came == static_cast<int>(Browsers::browsers_max) + 2);
}

}  // namespace scaler::roles
