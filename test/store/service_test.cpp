#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "scaler/base/random.hpp"
#include "store/service_env.hpp"
#include "support/heap.hpp"

namespace scaler::roles {
namespace {

using wire::StoreRequestType;
using wire::StoreResponseType;

// A socket without any manners.
class RawSocket {
 public:
  explicit RawSocket(const Address& to) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~RawSocket() { ::close(descriptor_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;
  void write(std::string_view text) {
    REQUIRE(::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
  }

 private:
  int descriptor_;
};

ObjectId numbered(std::uint64_t number) {
  ObjectId id;
  store_le64(id.bytes.data(), number);
  return id;
}

TEST_CASE("what one peer sets, another gets, over sockets", "[roles]") {
  ServiceEnv env;
  TestClient setter(env, "setter");
  TestClient getter(env, "getter");
  const auto get = getter.get(id_of('A'));
  env.run_until([&] { return env.service.statistics().waiting == 1; });
  const auto set = setter.set(id_of('A'), Bytes::copy_of("hello"));
  CHECK(getter.wait_for(get).payload.text() == "hello");
  CHECK(setter.wait_for(set).type == StoreResponseType::set_ok);
}

TEST_CASE("a peer on the store's host and one that came by TCP see the same objects", "[roles]") {
  ServiceEnv env;
  TestClient near(env, "near", net::Protocol::ymq, TestClient::Way::same_host);
  TestClient far(env, "far");
  const Bytes content = patterned(5'000'001, 7);
  near.wait_for(near.set(id_of('A'), content));
  far.wait_for(far.set(id_of('B'), content));
  CHECK(far.wait_for(far.get(id_of('A'))).payload == content);
  CHECK(near.wait_for(near.get(id_of('B'))).payload == content);
  CHECK(env.service.peers() == 2);
  CHECK(env.service.traffic().connections == 3);
}

TEST_CASE("every request type is answered over a socket", "[roles]") {
  ServiceEnv env;
  TestClient client(env, "client");
  client.set(id_of('A'), Bytes::copy_of("hello"));
  client.set(id_of('E'), Bytes());
  const auto duplicate = client.duplicate(id_of('A'), id_of('B'));
  const auto gone = client.remove(id_of('A'));
  const auto absent = client.remove(id_of('A'));
  const auto empty = client.get(id_of('E'));
  const auto copy = client.get(id_of('B'));
  CHECK(client.wait_for(copy).payload.text() == "hello");
  CHECK(client.answers.at(duplicate).type == StoreResponseType::duplicate_ok);
  CHECK(client.answers.at(gone).type == StoreResponseType::remove_ok);
  CHECK(client.answers.at(absent).type == StoreResponseType::remove_not_exists);
  CHECK(client.answers.at(empty).payload.empty());
}

TEST_CASE("an answer that may wait comes with the next one, before it", "[roles]") {
  ServiceEnv env;
  TestClient peer(env, "peer");
  TestClient other(env, "other");
  const auto set = peer.set_late(id_of('A'), Bytes::copy_of("hello"));
  other.wait_for(other.get(id_of('A')));  // it is there, answered or not
  CHECK_FALSE(peer.has(set));
  peer.wait_for(peer.get(id_of('A')));
  CHECK(peer.order == std::vector<std::uint64_t>{set, set + 1});
  CHECK(peer.answers.at(set).type == StoreResponseType::set_ok);
}

TEST_CASE("an answer that may wait comes by itself, if nothing else does", "[roles]") {
  ServiceEnv env;
  TestClient peer(env, "peer");
  for (char name : {'A', 'B'}) {  // the second: after everything that was held has gone
    const auto set = peer.set_late(id_of(name), Bytes::copy_of("hello"));
    CHECK(peer.wait_for(set).type == StoreResponseType::set_ok);
  }
}

TEST_CASE("no more than some answers wait", "[roles]") {
  ServiceEnv env;
  TestClient peer(env, "peer");
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) last = peer.set_late(numbered(i), Bytes::copy_of("x"));
  peer.wait_for(last);
  CHECK(peer.answers.size() == 1000);
  CHECK(std::ranges::is_sorted(peer.order));
}

TEST_CASE("a peer that leaves with answers held back leaves nothing behind", "[roles]") {
  ServiceEnv env;
  auto peer = std::make_unique<TestClient>(env, "peer");
  TestClient other(env, "other");
  peer->set_late(id_of('A'), Bytes::copy_of("hello"));
  other.wait_for(other.get(id_of('A')));
  peer.reset();
  env.run_until([&] { return env.service.peers() == 1; });
  const auto late = other.set_late(id_of('B'), Bytes::copy_of("more"));
  CHECK(other.wait_for(late).type == StoreResponseType::set_ok);
}

TEST_CASE("a peer that speaks the framing without magic is served too", "[roles]") {
  ServiceEnv env;
  TestClient old(env, "old", net::Protocol::store_1_12);
  TestClient young(env, "young");
  old.set(id_of('A'), Bytes::copy_of("hello"));
  CHECK(young.wait_for(young.get(id_of('A'))).payload.text() == "hello");
  CHECK(old.wait_for(old.get(id_of('A'))).payload.text() == "hello");
}

TEST_CASE("a request of an unknown type is ignored, its payload too, and the peer stays",
          "[roles]") {
  ServiceEnv env;
  TestClient client(env, "newer");
  for (const std::uint64_t payload_bytes : {std::uint64_t{0}, std::uint64_t{5}}) {
    wire::StoreRequestHeader request;
    request.type = static_cast<StoreRequestType>(9);
    request.payload_bytes = payload_bytes;
    client.send_raw(wire::encode_store_request(request));
    if (payload_bytes > 0) client.send_raw(Bytes::copy_of("fresh"));
    client.set(id_of('A'), Bytes::copy_of("hello"));
    CHECK(client.wait_for(client.get(id_of('A'))).payload.text() == "hello");
  }
  CHECK(client.disconnections == 0);
  CHECK(env.log.count("ignored a request of type 9") == 2);
}

TEST_CASE("an object of 200 MB comes back as it was", "[roles]") {
  ServiceEnv env;
  TestClient client(env, "client");
  const Bytes content = patterned(200'000'000, 1);
  client.set(id_of('A'), content);
  const auto& answer = client.wait_for(client.get(id_of('A')));
  CHECK(equal(answer.payload, content));  // CHECK(a == b) would print both
  CHECK(env.service.totals().bytes == content.size());
}

TEST_CASE("answers larger than the pause mark of the write queue all arrive", "[roles]") {
  ServiceEnv env;
  TestClient client(env, "client");
  const Bytes content = patterned(30'000'000, 2);
  client.set(id_of('A'), content);
  std::uint64_t last = 0;
  for (int i = 0; i < 8; ++i) last = client.get(id_of('A'));
  client.wait_for(last);
  REQUIRE(client.answers.size() == 9);
  for (std::uint64_t request = 1; request <= last; ++request)
    CHECK(equal(client.answers.at(request).payload, content));
}

TEST_CASE("a peer that leaves in the middle of a transfer leaves nothing behind", "[roles]") {
  ServiceEnv env;
  TestClient other(env, "other");
  other.wait_for(other.set(id_of('B'), Bytes::copy_of("x")));
  const Bytes content = patterned(100'000'000, 3);
  const std::size_t before = support::heap_bytes();
  {
    TestClient leaving(env, "leaving");
    leaving.set(id_of('A'), content);
    env.run_until([&] { return env.service.traffic().bytes_in > 20'000'000; });
    CHECK(support::heap_bytes() > before + 15'000'000);
  }
  env.run_until([&] { return env.service.peers() == 1; });
  CHECK(support::heap_bytes() < before + 2'000'000);
  CHECK(env.service.totals().ids == 1);
  CHECK(other.wait_for(other.get(id_of('B'))).payload.text() == "x");
}

TEST_CASE("a length that is only announced costs no memory", "[roles]") {
  ServiceEnv env;
  TestClient other(env, "other");
  other.wait_for(other.set(id_of('B'), Bytes::copy_of("x")));
  const std::size_t before = support::heap_bytes();
  RawSocket liar(env.address);
  std::byte lengths[16];
  store_le64(lengths, 4);
  store_le64(lengths + 8, std::uint64_t{60} << 30);
  liar.write(std::string("YMQ\x01") + std::string(as_text(ByteView(lengths).first(8))) + "liar" +
             std::string(as_text(ByteView(lengths).last(8))) + "a few bytes");
  env.run_until([&] { return env.service.peers() == 2; });
  other.wait_for(other.get(id_of('B')));
  CHECK(support::heap_bytes() < before + 4'000'000);
}

TEST_CASE("a lost peer's waiting requests are forgotten", "[roles]") {
  ServiceEnv env;
  {
    TestClient leaving(env, "leaving");
    leaving.get(id_of('A'));
    leaving.duplicate(id_of('A'), id_of('B'));
    env.run_until([&] { return env.service.statistics().waiting == 2; });
  }
  env.run_until([&] { return env.service.statistics().waiting == 0; });
  CHECK(env.service.peers() == 0);
}

TEST_CASE("a header that is none ends its connection with one line, and nobody else's", "[roles]") {
  ServiceEnv env;
  TestClient good(env, "good");
  good.wait_for(good.set(id_of('A'), Bytes::copy_of("x")));
  TestClient bad(env, "bad\nidentity");
  bad.send_raw(Bytes::copy_of(std::string(80, '\xff')));
  env.run_until([&] { return bad.disconnections > 0; });
  CHECK(env.service.header_errors() == 1);
  CHECK(env.log.count("bad?identity") == 1);
  CHECK(good.wait_for(good.get(id_of('A'))).payload.text() == "x");
  CHECK(good.disconnections == 0);
}

TEST_CASE("a header of the wrong length ends its connection", "[roles]") {
  ServiceEnv env;
  for (const std::size_t length : {0U, 1U, 79U, 81U, 5000U}) {
    TestClient bad(env, "bad");
    bad.send_raw(Bytes::copy_of(std::string(length, '\0')));
    env.run_until([&] { return bad.disconnections > 0; });
  }
  CHECK(env.service.header_errors() == 5);
}

TEST_CASE("a duplicate whose payload is no id is passed over and its connection lives on",
          "[roles]") {
  ServiceEnv env;
  TestClient client(env, "client");
  client.send_raw(wire::encode_store_request({id_of('B'), 5, 0, StoreRequestType::duplicate}));
  client.send_raw(Bytes::copy_of("short"));
  CHECK(client.wait_for(client.set(id_of('A'), Bytes::copy_of("x"))).type ==
        StoreResponseType::set_ok);
  CHECK(env.service.statistics().ignored == 1);
  CHECK(client.disconnections == 0);
  CHECK(env.log.count("ignored a request of type 3") == 1);
}

TEST_CASE("garbage on the port disturbs nobody", "[roles]") {
  ServiceEnv env;
  TestClient client(env, "client");
  client.wait_for(client.set(id_of('A'), Bytes::copy_of("x")));
  Random random(11);
  for (int i = 0; i < 50; ++i) {
    std::string garbage(1 + random.below(300), '\0');
    random.fill(std::as_writable_bytes(std::span(garbage)));
    if (i % 3 == 0) garbage.insert(0, std::string("YMQ\x01\x02\0\0\0\0\0\0\0me", 14));
    if (i % 3 == 1) garbage.insert(0, "GET / HTTP/1.1\r\n\r\n");
    {
      RawSocket hostile(env.address);
      hostile.write(garbage);
    }
    CHECK(client.wait_for(client.get(id_of('A'))).payload.text() == "x");
  }
  env.run_until([&] { return env.service.peers() == 1; });
  CHECK(client.disconnections == 0);
  CHECK(env.service.totals().ids == 1);
}

TEST_CASE("a peer that waits for too much loses its connection, with a line", "[roles]") {
  StoreServiceLimits limits;
  limits.store.waiting_per_peer_max = 10;
  ServiceEnv env(limits);
  TestClient greedy(env, "greedy");
  TestClient modest(env, "modest");
  const auto get = modest.get(numbered(0));
  for (std::uint64_t i = 0; i < 11; ++i) greedy.get(numbered(i));
  env.run_until([&] { return greedy.disconnections > 0; });
  CHECK(env.log.count("greedy") == 1);
  env.run_until([&] { return env.service.statistics().waiting == 1; });
  modest.set(numbered(0), Bytes::copy_of("x"));
  CHECK(modest.wait_for(get).payload.text() == "x");
}

TEST_CASE("a set past the memory limit ends its connection, with a line", "[roles]") {
  StoreServiceLimits limits;
  limits.store.memory_bytes_max = 1000;
  ServiceEnv env(limits);
  TestClient greedy(env, "greedy");
  greedy.wait_for(greedy.set(id_of('A'), Bytes::copy_of("x")));
  greedy.set(id_of('B'), patterned(1000, 4));
  env.run_until([&] { return greedy.disconnections > 0; });
  CHECK(env.log.count("no memory left for object " + id_of('B').hex()) == 1);
  CHECK(env.service.totals().ids == 1);
}

TEST_CASE("a newer connection takes the identity of an older one", "[roles]") {
  ServiceEnv env;
  TestClient older(env, "same");
  older.get(id_of('A'));
  env.run_until([&] { return env.service.statistics().waiting == 1; });
  RawSocket newer(env.address);
  newer.write(std::string("YMQ\x01\x04\0\0\0\0\0\0\0same", 16));
  env.run_until([&] { return older.disconnections > 0; });
  CHECK(env.service.statistics().waiting == 0);
}

TEST_CASE("the process itself removes and duplicates without a connection", "[roles]") {
  ServiceEnv env;
  TestClient client(env, "client");
  client.wait_for(client.set(id_of('A'), Bytes::copy_of("x")));
  const auto early = client.get(id_of('C'));
  env.run_until([&] { return env.service.statistics().waiting == 1; });
  env.service.duplicate(id_of('A'), id_of('B'));
  env.service.duplicate(id_of('B'), id_of('C'));
  CHECK(client.wait_for(early).payload.text() == "x");
  const ObjectId gone[] = {id_of('A'), id_of('C'), id_of('Z')};
  env.service.remove(gone);
  CHECK(env.service.totals().ids == 1);
  CHECK(client.wait_for(client.get(id_of('B'))).payload.text() == "x");
}

TEST_CASE("a duplicate of the process itself happens when its source comes", "[roles]") {
  ServiceEnv env;
  env.service.duplicate(id_of('A'), id_of('B'));
  TestClient client(env, "client");
  client.set(id_of('A'), Bytes::copy_of("x"));
  CHECK(client.wait_for(client.get(id_of('B'))).payload.text() == "x");
}

TEST_CASE("a thousand peers exchange objects", "[roles]") {
  ServiceEnv env;
  constexpr std::size_t peers = 1000;
  std::vector<std::unique_ptr<TestClient>> clients;
  std::vector<std::uint64_t> gets;
  for (std::size_t i = 0; i < peers; ++i) {
    clients.push_back(std::make_unique<TestClient>(env, "peer " + std::to_string(i)));
    gets.push_back(clients[i]->get(numbered((i + 1) % peers)));
    clients[i]->set(numbered(i), Bytes::copy_of(std::to_string(i)));
  }
  std::size_t served = 0;
  env.run_until([&] {
    while (served < peers && clients[served]->has(gets[served])) ++served;
    return served == peers;
  });
  for (std::size_t i = 0; i < peers; ++i)
    CHECK(clients[i]->answers.at(gets[i]).payload.text() == std::to_string((i + 1) % peers));
  CHECK(env.service.totals().ids == peers);
  clients.clear();
  env.run_until([&] { return env.service.peers() == 0; });
}

TEST_CASE("what was answered before a shutdown arrives", "[roles]") {
  ServiceEnv env;
  TestClient client(env, "client");
  const Bytes content = patterned(20'000'000, 5);
  client.wait_for(client.set(id_of('A'), content));
  const auto get = client.get(id_of('A'));
  env.run_until([&] { return env.service.statistics().bytes_out > 0; });
  bool closed = false;
  env.service.shut_down(30s, [&] { closed = true; });
  env.run_until([&] { return closed && client.disconnections > 0; });
  REQUIRE(client.has(get));
  CHECK(equal(client.answers.at(get).payload, content));
}

}  // namespace
}  // namespace scaler::roles
