#include "net/same_host.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "net/support.hpp"
#include "scaler/base/memory_file.hpp"

namespace scaler::net {
namespace {

const std::string nowhere = "|same-host-2=@scaler-" + std::string(32, '0');

RouterOptions store_options(std::string identity) {
  return {.kind = PortKind::store, .identity = std::move(identity), .limits = {}};
}

DealerOptions preferring(const Address& address) {
  auto options = RecordingDealer::options_for(address, Protocol::ymq, "d");
  options.prefers_same_host = true;
  return options;
}

struct OpenFile final : Backing {
  explicit OpenFile(MemoryFile of) : file(std::move(of)) {}
  int descriptor() const override { return file.descriptor(); }
  MemoryFile file;
};

void echo(RecordingRouter& router) {
  router.act_on_message = [&](PeerId id, Bytes payload) {
    REQUIRE(router.router->send(id, std::move(payload)));
  };
}

Address at_name(const std::string& name) {
  Address address;
  address.scheme = Address::Scheme::ipc;
  address.path = name;
  return address;
}

}  // namespace

TEST_CASE("a dealer that prefers it meets a server of its host there before it is connected",
          "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop, store_options("s"));
  const Address address = router.listen(loopback);
  router.router->offer_same_host();
  echo(router);
  RecordingDealer dealer(test.loop, preferring(address));
  const Bytes large = Bytes::copy_of(std::string(3'000'000, 'x'));
  dealer.dealer->send(large);
  test.run_until([&] { return dealer.messages.size() == 1; });
  REQUIRE(dealer.last == large);
  REQUIRE(dealer.connections == 1);
  REQUIRE(dealer.disconnections.empty());
  REQUIRE(router.router->counters().connections == 2);
  REQUIRE(router.history == std::vector<std::string>{"peer d", "lost", "peer d"});
}

TEST_CASE("a dealer that does not ask for it stays where it connected", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop, store_options("s"));
  const Address address = router.listen(loopback);
  router.router->offer_same_host();
  echo(router);
  RecordingDealer dealer(test.loop, address, Protocol::ymq, "d");
  dealer.dealer->send(Bytes::copy_of("there and back"));
  test.run_until([&] { return dealer.messages.size() == 1; });
  REQUIRE(router.router->counters().connections == 1);
}

TEST_CASE("a dealer stays with TCP where the offered name means nothing", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop, store_options("far away" + nowhere));
  echo(router);
  RecordingDealer dealer(test.loop, preferring(router.listen(loopback)));
  dealer.dealer->send(Bytes::copy_of("there and back"));
  test.run_until([&] { return dealer.messages.size() == 1; });
  REQUIRE(dealer.disconnections.empty());
  REQUIRE(router.router->counters().connections == 1);
}

TEST_CASE("a dealer goes back to TCP from a Unix socket at which nobody talks to it", "[net]") {
  TestLoop test;
  auto bound = bind_same_host();
  REQUIRE(bound);
  RecordingRouter router(test.loop, store_options(offer_same_host("s", bound->address, 255)));
  int visits = 0;
  const Listener unfriendly(test.loop, std::move(*bound), [&](const Descriptor&) { ++visits; });
  echo(router);
  RecordingDealer dealer(test.loop, preferring(router.listen(loopback)));
  dealer.dealer->send(Bytes::copy_of("there and back"));
  test.run_until([&] { return dealer.messages.size() == 1; });
  REQUIRE(visits == 1);
  REQUIRE(dealer.connections == 1);
  REQUIRE(dealer.disconnections.size() == 1);
}

TEST_CASE("a dealer whose server was started again meets the new one, at its new name", "[net]") {
  TestLoop test;
  auto first = std::make_unique<RecordingRouter>(test.loop, store_options("s"));
  const Address address = first->listen(loopback);
  first->router->offer_same_host();
  RecordingDealer dealer(test.loop, preferring(address));
  test.run_until([&] { return dealer.connections == 1; });
  first.reset();
  test.run_until([&] { return !dealer.disconnections.empty(); });
  RecordingRouter second(test.loop, store_options("s"));
  second.listen(address.to_string());
  second.router->offer_same_host();
  test.run_until([&] { return dealer.connections == 2; });
  REQUIRE(second.router->counters().connections == 2);
}

TEST_CASE("a server's identity leads to sockets of ours only", "[net]") {
  auto bound = bind_same_host();
  REQUIRE(bound);
  const std::string offer = offer_same_host("s", bound->address, 255);
  REQUIRE(meet_on_same_host(as_bytes(offer)));
  REQUIRE_FALSE(meet_on_same_host(as_bytes("s")));
  REQUIRE_FALSE(meet_on_same_host(as_bytes("s|same-host-2=")));
  REQUIRE_FALSE(meet_on_same_host(as_bytes("s" + nowhere)));
  REQUIRE_FALSE(meet_on_same_host(as_bytes(offer + "0")));
  const auto other = bind_and_listen(at_name("@scaler-of-somebody-else"));
  REQUIRE(other);
  REQUIRE_FALSE(meet_on_same_host(as_bytes("s|same-host-2=" + other->address.path)));
}

TEST_CASE("a server says that it passes files, and older programs of ours read the rest", "[net]") {
  auto bound = bind_same_host();
  REQUIRE(bound);
  const std::string offer = offer_same_host("s", bound->address, 255, Router::Files::yes);
  REQUIRE(offers_files(as_bytes(offer)));
  REQUIRE(meet_on_same_host(as_bytes(offer)));
  REQUIRE_FALSE(offers_files(as_bytes(offer_same_host("s", bound->address, 255))));
  REQUIRE_FALSE(offers_files(as_bytes("s|files=1")));
}

TEST_CASE("files pass from a server to a dealer on its host, each with its message", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop, store_options("s"));
  const Address address = router.listen(loopback);
  router.router->offer_same_host(Router::Files::yes);
  constexpr int count = 100;  // more than one message of the system takes
  std::vector<std::uint64_t> numbers;
  router.act_on_message = [&](PeerId id, const Bytes&) {
    REQUIRE(router.router->passes_files(id));
    for (int i = 0; i < count; ++i) {
      auto made = MemoryFile::create(1000);
      REQUIRE(made);
      numbers.push_back(file_number_of(made->descriptor()));
      const ByteView view = made->view();
      router.router->send(id, Bytes::copy_of(std::string(10'000, 'x')));
      REQUIRE(router.router->send_with_file(
          id, Bytes::copy_of("file"),
          Bytes::backed_by(std::make_unique<OpenFile>(std::move(*made)), view)));
    }
  };
  RecordingDealer dealer(test.loop, preferring(address));
  int taken = 0;
  dealer.act_on_message = [&](const Bytes& payload) {
    if (payload.text() != "file") return;
    const int file = dealer.dealer->take_descriptor(numbers.at(static_cast<std::size_t>(taken)));
    REQUIRE(file >= 0);
    REQUIRE(dealer.dealer->take_descriptor(numbers.at(static_cast<std::size_t>(taken))) == -1);
    ::close(file);
    ++taken;
  };
  dealer.dealer->send(Bytes::copy_of("go"));
  test.run_until([&] { return taken == count; });
  REQUIRE(dealer.dealer->receives_files());
  REQUIRE(dealer.disconnections.empty());
}

TEST_CASE("a dealer that came by TCP is not passed files", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop, store_options("s"));
  const Address address = router.listen(loopback);
  router.router->offer_same_host(Router::Files::yes);
  bool passes = true;
  router.act_on_message = [&](PeerId id, Bytes payload) {
    passes = router.router->passes_files(id);
    router.router->send(id, std::move(payload));
  };
  RecordingDealer dealer(test.loop, address, Protocol::ymq, "d");
  dealer.dealer->send(Bytes::copy_of("hello"));
  test.run_until([&] { return dealer.messages.size() == 1; });
  REQUIRE_FALSE(passes);
  REQUIRE_FALSE(dealer.dealer->receives_files());
}

TEST_CASE("a dealer that has no room for descriptors comes again, and takes none", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop, store_options("s"));
  const Address address = router.listen(loopback);
  router.router->offer_same_host(Router::Files::yes);
  router.act_on_message = [&](PeerId id, const Bytes&) {
    for (int i = 0; i < 200; ++i) {  // nobody asks for them
      auto made = MemoryFile::create(1000);
      REQUIRE(made);
      const ByteView view = made->view();
      router.router->send_with_file(
          id, Bytes::copy_of("file"),
          Bytes::backed_by(std::make_unique<OpenFile>(std::move(*made)), view));
    }
  };
  RecordingDealer dealer(test.loop, preferring(address));
  dealer.dealer->send(Bytes::copy_of("go"));
  test.run_until([&] { return dealer.connections == 2; });
  REQUIRE(dealer.disconnections.size() == 1);
  REQUIRE_FALSE(dealer.dealer->receives_files());
}

TEST_CASE("an identity that leaves no room for an offer is said without one", "[net]") {
  const Address bound = at_name("@scaler-" + std::string(32, 'a'));
  const std::string longest(255 - std::string("|same-host-2=").size() - bound.path.size(), 'i');
  REQUIRE(offer_same_host(longest, bound, 255).size() == 255);
  REQUIRE(offer_same_host(longest + "i", bound, 255) == longest + "i");
}

}  // namespace scaler::net
