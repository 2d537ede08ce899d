#include <catch2/catch.hpp>
#include <deque>

#include "scaler/base/random.hpp"
#include "scaler/ymq/session.hpp"
#include "scaler/zmtp/session.hpp"
#include "support/session_drive.hpp"

// Two of our own sessions on a line that cuts their bytes anywhere, for both codecs.
namespace scaler {

namespace {

struct End {
  std::unique_ptr<Session> session;
  std::vector<std::string> heard;
  std::string on_the_way;  // written by the other end, not yet read here
};

void write_some(End& from, End& to, Random& random) {
  to.on_the_way += support::take_output(*from.session, 1 + random.below(40'000));
}

void read_some(End& end, Random& random) {
  const std::size_t count = std::min<std::size_t>(end.on_the_way.size(), 1 + random.below(100'000));
  support::feed(*end.session, std::string_view(end.on_the_way).substr(0, count), end.heard,
                1 + random.below(70'000));
  end.on_the_way.erase(0, count);
}

std::string message_of(Random& random) {
  const std::size_t sizes[] = {0, 1, 250, 255, 256, 5'000, 33'000, 70'000, 1'500'000};
  return std::string(sizes[random.below(random.below(50) == 0 ? 9 : 7)],
                     static_cast<char>('a' + random.below(26)));
}

// Both ends talk at once; each must hear what the other said, whole and in order.
void converse(End a, End b, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::string> said[2] = {{"ready A"}, {"ready B"}};
  const auto quiet = [&] {
    return a.session->to_send().empty() && b.session->to_send().empty() && a.on_the_way.empty() &&
           b.on_the_way.empty();
  };
  for (int turn = 0; turn < 150 || !quiet(); ++turn) {
    if (turn < 150) {
      End& end = turn % 2 == 0 ? a : b;
      const std::string text = message_of(random);
      end.session->send(Bytes::copy_of(text));
      said[turn % 2].push_back("message " + text);
    }
    write_some(a, b, random);
    read_some(b, random);
    write_some(b, a, random);
    read_some(a, random);
  }
  INFO("seed " << seed);
  REQUIRE((b.heard == said[0]));
  REQUIRE((a.heard == said[1]));
  REQUIRE(a.session->queued_bytes() == 0);
  REQUIRE(b.session->queued_bytes() == 0);
}

}  // namespace

TEST_CASE("two ZMTP sessions understand each other however their bytes are cut", "[zmtp]") {
  const auto end = [](SocketType local, std::string_view identity) {
    return End{
        zmtp::make_session({.local = local, .identity = Bytes::copy_of(identity), .limits = {}}),
        {},
        {}};
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    converse(end(SocketType::dealer, "A"), end(SocketType::router, "B"), seed);
}

TEST_CASE("two YMQ sessions understand each other however their bytes are cut", "[ymq]") {
  for (const auto dialect : {ymq::Dialect::magic, ymq::Dialect::plain})
    for (std::uint64_t seed = 0; seed < 10; ++seed)
      converse(End{ymq::make_session({dialect, Bytes::copy_of("A"), {}}), {}, {}},
               End{ymq::make_session({dialect, Bytes::copy_of("B"), {}}), {}, {}}, seed);
}

}  // namespace scaler
