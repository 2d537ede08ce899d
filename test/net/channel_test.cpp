#include "scaler/net/channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "net/support.hpp"
#include "scaler/net/descriptors.hpp"

namespace scaler::net {
namespace {

struct Party {
  std::vector<Bytes> frames;
  std::vector<std::string> ends;
  std::unique_ptr<Channel> channel;
  std::function<void()> act;

  Party(Loop& loop, int descriptor) {
    channel = std::make_unique<Channel>(loop, descriptor,
                                        Channel::Events{[this](Bytes frame) {
                                                          frames.push_back(std::move(frame));
                                                          if (act) act();
                                                        },
                                                        [this](std::string_view why) {
                                                          ends.emplace_back(why);
                                                          if (act) act();
                                                        }});
  }
};

std::pair<int, int> stream_pair() {
  auto ends = make_socketpair(SocketPairType::stream);
  REQUIRE(ends);
  return *ends;
}

}  // namespace

TEST_CASE("frames of all sizes pass a channel both ways, whole and in order", "[net]") {
  TestLoop test;
  const auto [a, b] = stream_pair();
  Party left(test.loop, a);
  Party right(test.loop, b);
  const std::vector<std::size_t> sizes{0, 1, 7, 65535, 65536, 5'000'000, 3};
  for (const std::size_t size : sizes) {
    left.channel->send(Bytes::copy_of(std::string(size, 'l')));
    right.channel->send(Bytes::copy_of(std::string(size, 'r')));
  }
  REQUIRE(left.channel->queued_bytes() > 5'000'000);
  test.run_until(
      [&] { return left.frames.size() == sizes.size() && right.frames.size() == sizes.size(); });
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    REQUIRE(left.frames[i].text() == std::string(sizes[i], 'r'));
    REQUIRE(right.frames[i].text() == std::string(sizes[i], 'l'));
  }
  REQUIRE(left.channel->queued_bytes() == 0);
}

TEST_CASE("a frame that is sent in two parts arrives as one", "[net]") {
  TestLoop test;
  const auto [a, b] = stream_pair();
  Party left(test.loop, a);
  Party right(test.loop, b);
  left.channel->send(Bytes::copy_of("head "), Bytes::copy_of(std::string(1'000'000, 'x')));
  left.channel->send(Bytes::copy_of("head only"), Bytes());
  left.channel->send(Bytes(), Bytes::copy_of("rest only"));
  test.run_until([&] { return right.frames.size() == 3; });
  REQUIRE(right.frames[0].text() == "head " + std::string(1'000'000, 'x'));
  REQUIRE(right.frames[1].text() == "head only");
  REQUIRE(right.frames[2].text() == "rest only");
}

TEST_CASE("a channel tells its end once, after the frames before it", "[net]") {
  TestLoop test;
  const auto [a, b] = stream_pair();
  Party left(test.loop, a);
  const std::string frame("\x02\0\0\0\0\0\0\0ok\x09", 11);
  REQUIRE(::write(b, frame.data(), frame.size()) == 11);
  ::close(b);
  test.run_until([&] { return !left.ends.empty(); });
  REQUIRE(left.frames.size() == 1);
  REQUIRE(left.frames[0].text() == "ok");
  left.channel->send(Bytes::copy_of("to nobody"));
  test.turn(3);
  REQUIRE(left.ends.size() == 1);
}

TEST_CASE("sending into a channel whose other end is gone is no more than its end", "[net]") {
  TestLoop test;
  const auto [a, b] = stream_pair();
  Party left(test.loop, a);
  ::close(b);
  left.channel->send(Bytes::copy_of("x"));
  test.run_until([&] { return !left.ends.empty(); });
}

TEST_CASE("a channel may be destroyed in its own callbacks", "[net]") {
  TestLoop test;
  const auto [a, b] = stream_pair();
  Party left(test.loop, a);
  left.act = [&] { left.channel.reset(); };
  SECTION("on_frame") {
    const std::string frames("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    REQUIRE(::write(b, frames.data(), frames.size()) == 16);
  }
  SECTION("on_end") { ::shutdown(b, SHUT_WR); }
  test.run_until([&] { return left.channel == nullptr; });
  REQUIRE(left.frames.size() + left.ends.size() == 1);
  ::close(b);
}

TEST_CASE("descriptors travel over both types of socket, and arrive close-on-exec", "[net]") {
  const auto type = GENERATE(SocketPairType::stream, SocketPairType::seqpacket);
  const auto ends = make_socketpair(type);
  REQUIRE(ends);
  const auto gift = make_socketpair(SocketPairType::stream);
  REQUIRE(gift);
  const auto nothing = receive_with_descriptors(ends->second);
  REQUIRE_FALSE(nothing);
  REQUIRE(nothing.error().code == Errc::unavailable);
  const std::array<int, 2> sent{gift->first, gift->second};
  REQUIRE(send_with_descriptors(ends->first, as_bytes("two"), sent));
  auto received = receive_with_descriptors(ends->second);
  REQUIRE(received);
  REQUIRE(received->message.text() == "two");
  REQUIRE(received->descriptors.size() == 2);
  REQUIRE((::fcntl(received->descriptors[0], F_GETFD) & FD_CLOEXEC) != 0);
  REQUIRE(::write(gift->first, "x", 1) == 1);
  char byte = 0;
  REQUIRE(::read(received->descriptors[1], &byte, 1) == 1);
  REQUIRE(send_with_descriptors(ends->first, as_bytes("none"), {}));
  received->descriptors.push_back(gift->first);
  received->descriptors.push_back(gift->second);
  received->descriptors.push_back(ends->first);
  for (const int descriptor : received->descriptors) ::close(descriptor);
  auto last = receive_with_descriptors(ends->second);
  REQUIRE(last);
  REQUIRE(last->message.text() == "none");
  REQUIRE(last->descriptors.empty());
  last = receive_with_descriptors(ends->second);
  REQUIRE(last);
  REQUIRE(last->message.empty());  // the end
  ::close(ends->second);
}

TEST_CASE("a packet longer than expected is refused and its descriptors are closed", "[net]") {
  const auto ends = make_socketpair(SocketPairType::seqpacket);
  REQUIRE(ends);
  const auto gift = make_socketpair(SocketPairType::stream);
  REQUIRE(gift);
  const std::array<int, 1> sent{gift->first};
  REQUIRE(send_with_descriptors(ends->first, as_bytes("0123456789"), sent));
  ::close(gift->first);
  const auto received = receive_with_descriptors(ends->second, 4);
  REQUIRE_FALSE(received);
  char byte = 0;
  REQUIRE(::read(gift->second, &byte, 1) == 0);  // nobody holds the other end any more
  for (const int descriptor : {ends->first, ends->second, gift->second}) ::close(descriptor);
}

}  // namespace scaler::net
