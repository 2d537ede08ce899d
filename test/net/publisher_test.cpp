#include "scaler/net/publisher.hpp"

#include <catch2/catch.hpp>

#include "net/connection.hpp"
#include "net/connector.hpp"
#include "net/sessions.hpp"
#include "net/support.hpp"

namespace scaler::net {
namespace {

// A ZMTP SUB socket: the session of the sub side on a connection of its own.
class Subscriber final : public ConnectionOwner {
 public:
  Subscriber(Loop& loop, const Address& address)
      : loop_(loop), connector_(loop, address, 10s, [this](Result<Descriptor> socket) {
          REQUIRE(socket);
          connection_ = std::make_unique<Connection>(
              loop_, std::move(*socket), PeerId{}, *this, traffic_,
              make_session(Protocol::zmtp, SocketType::sub, "", TransportLimits{}));
        }) {}
  Result<std::unique_ptr<Session>> on_first_bytes(PeerId, ByteView) override {
    return std::unique_ptr<Session>();
  }
  void on_event(PeerId, SessionEvent event) override {
    if (auto* message = std::get_if<MessageReceived>(&event))
      messages.emplace_back(message->payload.text());
  }
  void on_end(PeerId, const End&) override {
    ended = true;
    connection_.reset();
  }
  std::vector<std::string> messages;
  bool ended = false;

 private:
  Loop& loop_;
  Traffic traffic_;
  Connector connector_;
  std::unique_ptr<Connection> connection_;
};

Address listen(Publisher& publisher) {
  auto bound = publisher.listen(*Address::parse("tcp://127.0.0.1:0"));
  REQUIRE(bound);
  return *bound;
}

}  // namespace

TEST_CASE("a publisher speaks to subscribers of both protocols", "[net]") {
  TestLoop test;
  Publisher publisher(test.loop, {});
  const Address address = listen(publisher);
  REQUIRE_FALSE(publisher.has_subscribers());
  publisher.publish(Bytes::copy_of("unheard"));
  Subscriber zmtp(test.loop, address);
  test.run_until([&] { return publisher.has_subscribers(); });
  RecordingDealer ymq(test.loop, address, Protocol::ymq, "monitor");
  test.run_until([&] { return ymq.connections == 1; });
  test.turn(3);
  publisher.publish(Bytes::copy_of("one"));
  publisher.publish(Bytes::copy_of("two"));
  test.run_until([&] { return zmtp.messages.size() == 2 && ymq.messages.size() == 2; });
  REQUIRE(zmtp.messages == std::vector<std::string>{"one", "two"});
  REQUIRE(ymq.messages == zmtp.messages);
  REQUIRE(publisher.dropped_messages() == 0);
}

TEST_CASE("a subscriber gets only what begins with a topic it asked for", "[net]") {
  TestLoop test;
  Publisher publisher(test.loop, {});
  const Address address = listen(publisher);
  RawClient subscriber(address);
  std::string greeting("\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL", 16);
  greeting.resize(64, '\0');
  const std::string ready = std::string("\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03", 24) + "SUB";
  subscriber.say(greeting + ready +
                 std::string("\x00\x02\x01"
                             "a",
                             4));
  test.run_until([&] { return publisher.has_subscribers(); });
  subscriber.hear();
  publisher.publish(Bytes::copy_of("b-no"));
  publisher.publish(Bytes::copy_of("a-yes"));
  test.turn(5);
  REQUIRE(subscriber.hear() == std::string("\x00\x05"
                                           "a-yes",
                                           7));
  subscriber.say(
      std::string("\x00\x02\x00"
                  "a",
                  4));
  test.run_until([&] { return !publisher.has_subscribers(); });
}

TEST_CASE("a subscriber that does not read loses the oldest messages, whole and counted", "[net]") {
  TestLoop test;
  TransportLimits limits;
  limits.write_queue_bytes_pause = std::size_t{2} << 20;
  Publisher publisher(test.loop, limits);
  const Address address = listen(publisher);
  RawClient slow(address, 4096);
  slow.say(ymq_hello("slow"));
  RecordingDealer quick(test.loop, address, Protocol::ymq, "quick");
  test.run_until([&] { return quick.connections == 1 && publisher.has_subscribers(); });
  test.turn(5);
  constexpr std::size_t message_bytes = std::size_t{64} << 10;
  std::size_t published = 0;
  test.run_until([&] {
    std::string text = std::to_string(published++) + " ";
    text.resize(message_bytes, '.');
    publisher.publish(Bytes::copy_of(text));
    test.loop.wake();
    return publisher.dropped_messages() >= 20;
  });
  test.run_until([&] { return quick.messages.size() == published; });  // nobody else suffers
  std::string heard;
  const auto complete = [&](std::size_t at) { return heard.size() >= at + 8 + message_bytes; };
  test.run_until([&] {
    heard += slow.hear();
    test.loop.wake();
    const std::string last = std::to_string(published - 1) + " .";
    return heard.find(last) != std::string::npos &&
           heard.find(last) + message_bytes <= heard.size();
  });
  // Whole frames, in order, the newest last.
  std::size_t at = 4 + 8;  // magic, and an identity of length 0
  std::size_t frames = 0;
  std::size_t previous = 0;
  for (; complete(at); at += 8 + message_bytes, ++frames) {
    REQUIRE(load_le64(as_bytes(heard).data() + at) == message_bytes);
    const std::size_t number = std::stoul(heard.substr(at + 8, 12));
    REQUIRE((frames == 0 || number > previous));
    previous = number;
  }
  REQUIRE(previous == published - 1);
  REQUIRE(at == heard.size());
  REQUIRE(frames + publisher.dropped_messages() == published);
}

TEST_CASE("a publisher that shuts down closes its subscribers", "[net]") {
  TestLoop test;
  auto publisher = std::make_unique<Publisher>(test.loop, TransportLimits{});
  const Address address = listen(*publisher);
  Subscriber subscriber(test.loop, address);
  test.run_until([&] { return publisher->has_subscribers(); });
  publisher->publish(Bytes::copy_of("last"));
  bool closed = false;
  publisher->shut_down(20s, [&] {
    closed = true;
    publisher.reset();
  });
  publisher->publish(Bytes::copy_of("after the end"));
  test.run_until([&] { return closed && subscriber.ended; });
  REQUIRE(subscriber.messages.at(0) == "last");
}

}  // namespace scaler::net
