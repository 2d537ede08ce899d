#include <limits>

#include "store/store_env.hpp"

#include <map>

namespace scaler::store {
namespace {

using Lines = StoreEnv::Lines;

using Totals = StoreEnv::Totals;

TEST_CASE("an object that was set is given back whole", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "hello");
  env.get(2, 'A');
  CHECK(env.take() == Lines{"1 set_ok A", "2 get_ok A hello"});
}

TEST_CASE("an answer carries the id of its request", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "x");
  env.get(1, 'A');
  REQUIRE(env.out.size() == 2);
  CHECK(env.out[0].header.response_id == 0);
  CHECK(env.out[1].header.response_id == 1);
  env.out.clear();
}

TEST_CASE("a get asks for at most so many leading bytes", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "hello");
  env.get(1, 'A', 3);
  env.get(1, 'A', 0);
  env.get(1, 'A', 6);
  CHECK(env.take() == Lines{"1 set_ok A", "1 get_ok A hel", "1 get_ok A", "1 get_ok A hello"});
}

TEST_CASE("a waiting get keeps its maximum", "[store]") {
  StoreEnv env;
  env.get(1, 'A', 2);
  env.set(2, 'A', "hello");
  CHECK(env.take() == Lines{"1 get_ok A he", "2 set_ok A"});
}

TEST_CASE("an empty object exists", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "");
  env.get(1, 'A');
  CHECK(env.take() == Lines{"1 set_ok A", "1 get_ok A"});
  CHECK(env.totals() == Totals{1, 1, 0});
}

TEST_CASE("a second set replaces the first", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "hello");
  env.set(2, 'A', "new");
  env.get(1, 'A');
  CHECK(env.take() == Lines{"1 set_ok A", "2 set_ok A", "1 get_ok A new"});
  CHECK(env.totals() == Totals{1, 1, 3});
}

TEST_CASE("a get of a missing object is held back until its set and answered before it",
          "[store]") {
  StoreEnv env;
  env.get(1, 'A');
  env.get(2, 'A');
  CHECK(env.take() == Lines{});
  CHECK(env.store.statistics().waiting == 2);
  env.set(3, 'A', "x");
  CHECK(env.take() == Lines{"1 get_ok A x", "2 get_ok A x", "3 set_ok A"});
  CHECK(env.store.statistics().waiting == 0);
}

TEST_CASE("a removed object is gone, and removing it again says so", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "x");
  env.remove(1, 'A');
  env.remove(1, 'A');
  CHECK(env.take() == Lines{"1 set_ok A", "1 remove_ok A", "1 remove_not_exists A"});
  CHECK(env.totals() == Totals{0, 0, 0});
}

TEST_CASE("removing an object that is waited for leaves the waiting gets alone", "[store]") {
  StoreEnv env;
  env.get(1, 'A');
  env.remove(2, 'A');
  env.set(2, 'A', "x");
  CHECK(env.take() == Lines{"2 remove_not_exists A", "1 get_ok A x", "2 set_ok A"});
}

TEST_CASE("a get after a remove waits for the next set", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "old");
  env.remove(1, 'A');
  env.get(1, 'A');
  CHECK(env.take() == Lines{"1 set_ok A", "1 remove_ok A"});
  env.set(1, 'A', "new");
  CHECK(env.take() == Lines{"1 get_ok A new", "1 set_ok A"});
}

TEST_CASE("a duplicate shares its content and outlives its source", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "world!");
  env.duplicate(2, 'A', 'B');
  CHECK(env.totals() == Totals{2, 1, 6});
  env.remove(1, 'A');
  env.get(1, 'B');
  CHECK(env.take() ==
        Lines{"1 set_ok A", "2 duplicate_ok B", "1 remove_ok A", "1 get_ok B world!"});
  CHECK(env.totals() == Totals{1, 1, 6});
}

TEST_CASE("replacing an object that is shared leaves its duplicates as they were", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "old");
  env.duplicate(1, 'A', 'B');
  env.set(1, 'A', "newer");
  env.get(1, 'A');
  env.get(1, 'B');
  CHECK(env.take() == Lines{"1 set_ok A", "1 duplicate_ok B", "1 set_ok A", "1 get_ok A newer",
                            "1 get_ok B old"});
  CHECK(env.totals() == Totals{2, 2, 8});
}

TEST_CASE("a duplicate onto an existing object replaces it", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "a");
  env.set(1, 'B', "bbb");
  env.duplicate(1, 'A', 'B');
  env.get(1, 'B');
  CHECK(env.take() == Lines{"1 set_ok A", "1 set_ok B", "1 duplicate_ok B", "1 get_ok B a"});
  CHECK(env.totals() == Totals{2, 1, 1});
}

TEST_CASE("equal bytes that were set twice are two contents", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "same");
  env.set(1, 'B', "same");
  CHECK(env.totals() == Totals{2, 2, 8});
  env.take();
}

TEST_CASE("a duplicate releases those who waited for the copy", "[store]") {
  StoreEnv env;
  env.get(1, 'B');
  env.set(2, 'A', "x");
  env.duplicate(2, 'A', 'B');
  CHECK(env.take() == Lines{"2 set_ok A", "2 duplicate_ok B", "1 get_ok B x"});
}

TEST_CASE("a duplicate of a missing object is held back until the source is set", "[store]") {
  StoreEnv env;
  env.duplicate(1, 'E', 'Z');
  env.get(2, 'Z');
  CHECK(env.take() == Lines{});
  env.set(2, 'E', "eee");
  CHECK(env.take() == Lines{"1 duplicate_ok Z", "2 get_ok Z eee", "2 set_ok E"});
  CHECK(env.totals() == Totals{2, 1, 3});
}

TEST_CASE("a chain of waiting duplicates resolves from its end", "[store]") {
  StoreEnv env;
  env.get(4, 'D');
  env.duplicate(3, 'C', 'D');
  env.duplicate(2, 'B', 'C');
  env.duplicate(1, 'A', 'B');
  env.set(5, 'A', "x");
  CHECK(env.take() == Lines{"1 duplicate_ok B", "2 duplicate_ok C", "3 duplicate_ok D",
                            "4 get_ok D x", "5 set_ok A"});
  CHECK(env.totals() == Totals{4, 1, 1});
}

TEST_CASE("a very long chain of waiting duplicates needs no deep stack", "[store]") {
  ObjectStore store{Options{}};
  Outbox out;
  const auto numbered = [](std::uint64_t number) {
    ObjectId id;
    store_le64(id.bytes.data(), number);
    return id;
  };
  const std::uint64_t links = 20'000;
  for (std::uint64_t i = 0; i < links; ++i)
    REQUIRE(store.on_request({1, 1}, {numbered(i + 1), 48, i, wire::StoreRequestType::duplicate},
                             wire::encode_duplicate_source(numbered(i)), out) == Outcome::accepted);
  REQUIRE(store.on_request({1, 1}, {numbered(0), 1, links, wire::StoreRequestType::set},
                           Bytes::copy_of("x"), out) == Outcome::accepted);
  CHECK(out.size() == links + 1);
  CHECK(StoreEnv::plain(store.totals()) == Totals{links + 1, 1, 1});
  CHECK(store.statistics().waiting == 0);
  store.check_invariants();
}

TEST_CASE("a waiting duplicate replaces an object that was set meanwhile", "[store]") {
  StoreEnv env;
  env.duplicate(1, 'A', 'B');
  env.set(2, 'B', "mine");
  env.get(2, 'B');
  env.set(3, 'A', "a");
  env.get(2, 'B');
  CHECK(env.take() ==
        Lines{"2 set_ok B", "2 get_ok B mine", "1 duplicate_ok B", "3 set_ok A", "2 get_ok B a"});
}

TEST_CASE("an object may be duplicated onto itself", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "x");
  env.duplicate(1, 'A', 'A');
  env.get(1, 'A');
  CHECK(env.take() == Lines{"1 set_ok A", "1 duplicate_ok A", "1 get_ok A x"});
  CHECK(env.totals() == Totals{1, 1, 1});
}

TEST_CASE("a duplicate of a missing object onto itself ends with its set", "[store]") {
  StoreEnv env;
  env.duplicate(1, 'A', 'A');
  env.get(1, 'A');
  env.set(2, 'A', "x");
  CHECK(env.take() == Lines{"1 duplicate_ok A", "1 get_ok A x", "2 set_ok A"});
  CHECK(env.totals() == Totals{1, 1, 1});
}

TEST_CASE("a cycle of waiting duplicates resolves when any of them is set", "[store]") {
  StoreEnv env;
  env.duplicate(1, 'A', 'B');
  env.duplicate(1, 'B', 'C');
  env.duplicate(1, 'C', 'A');
  env.set(2, 'B', "x");
  CHECK(env.take() ==
        Lines{"1 duplicate_ok C", "1 duplicate_ok A", "1 duplicate_ok B", "2 set_ok B"});
  CHECK(env.totals() == Totals{3, 1, 1});
}

TEST_CASE("the waiting requests of a lost peer are forgotten, those of others are not", "[store]") {
  StoreEnv env;
  env.get(1, 'A');
  env.get(2, 'A');
  env.get(1, 'A');
  env.duplicate(1, 'A', 'B');
  env.get(1, 'C');
  env.lose(1);
  CHECK(env.store.statistics().waiting == 1);
  env.set(3, 'A', "x");
  CHECK(env.take() == Lines{"2 get_ok A x", "3 set_ok A"});
  CHECK(env.totals() == Totals{1, 1, 1});
}

TEST_CASE("losing a peer that waits for nothing changes nothing", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "x");
  env.lose(1);
  env.lose(7);
  env.get(2, 'A');
  CHECK(env.take() == Lines{"1 set_ok A", "2 get_ok A x"});
}

TEST_CASE("the totals count ids, distinct contents and their bytes", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "12345");
  env.set(1, 'B', "123");
  env.duplicate(1, 'A', 'C');
  env.take();
  env.info(1);
  REQUIRE(env.out.size() == 1);
  CHECK(env.out[0].header.type == wire::StoreResponseType::info_total_ok);
  CHECK(env.out[0].header.payload_bytes == 24);
  const auto totals = wire::decode_store_totals(env.out[0].payload);
  REQUIRE(totals);
  CHECK(StoreEnv::plain(*totals) == Totals{3, 2, 8});
  env.out.clear();
}

TEST_CASE("an unknown request is counted and not answered", "[store]") {
  StoreEnv env;
  CHECK(env.request(1, static_cast<wire::StoreRequestType>(5), 'A', 0, {}) == Outcome::ignored);
  CHECK(env.request(1, static_cast<wire::StoreRequestType>(65535), 'A', 0, {}) == Outcome::ignored);
  CHECK(env.store.statistics().ignored == 2);
  CHECK(env.store.statistics().requests == 2);
}

TEST_CASE("a duplicate whose payload is no object id is counted and not answered", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "x");
  env.take();
  const auto duplicate = wire::StoreRequestType::duplicate;
  CHECK(env.request(1, duplicate, 'B', 47, Bytes::copy_of(std::string(47, 'A'))) ==
        Outcome::ignored);
  CHECK(env.request(1, duplicate, 'B', 0, {}) == Outcome::ignored);
  CHECK(env.store.statistics().ignored == 2);
  CHECK(env.totals() == Totals{1, 1, 1});
}

TEST_CASE("the frame of a set decides its length, not the header", "[store]") {
  StoreEnv env;
  env.request(1, wire::StoreRequestType::set, 'A', std::numeric_limits<std::uint64_t>::max(),
              Bytes::copy_of("hello"));
  env.get(1, 'A');
  CHECK(env.take() == Lines{"1 set_ok A", "1 get_ok A hello"});
  CHECK(env.store.statistics().size_mismatches == 1);
}

TEST_CASE("a peer that waits for too much is refused, others are not", "[store]") {
  StoreEnv env{Options{.waiting_per_peer_max = 2}};
  CHECK(env.get(1, 'A') == Outcome::accepted);
  CHECK(env.duplicate(1, 'A', 'B') == Outcome::accepted);
  CHECK(env.get(1, 'C') == Outcome::refused_waiting);
  CHECK(env.duplicate(1, 'C', 'D') == Outcome::refused_waiting);
  CHECK(env.get(2, 'C') == Outcome::accepted);
  CHECK(env.store.statistics().refused == 2);
  CHECK(env.store.statistics().waiting == 3);
  env.lose(1);
  CHECK(env.get(1, 'C') == Outcome::accepted);
}

TEST_CASE("requests that wait are bounded over all peers", "[store]") {
  StoreEnv env{Options{.waiting_max = 3}};
  for (std::uint32_t peer = 1; peer <= 3; ++peer) CHECK(env.get(peer, 'A') == Outcome::accepted);
  CHECK(env.get(4, 'A') == Outcome::refused_waiting);
  env.set(5, 'A', "x");
  CHECK(env.take().size() == 4);
  CHECK(env.get(4, 'B') == Outcome::accepted);
  CHECK(env.store.statistics().waiting_most == 3);
}

TEST_CASE("a set that would pass the memory limit is refused and changes nothing", "[store]") {
  StoreEnv env{Options{.memory_bytes_max = 10}};
  CHECK(env.set(1, 'A', "12345") == Outcome::accepted);
  CHECK(env.set(1, 'B', "123456") == Outcome::refused_out_of_memory);
  CHECK(env.set(1, 'A', "1234567890") == Outcome::accepted);
  CHECK(env.set(1, 'A', "12345678901") == Outcome::refused_out_of_memory);
  env.get(1, 'A');
  CHECK(env.take() == Lines{"1 set_ok A", "1 set_ok A", "1 get_ok A 1234567890"});
  CHECK(env.totals() == Totals{1, 1, 10});
  CHECK(env.duplicate(1, 'A', 'B') == Outcome::accepted);         // costs no bytes
  CHECK(env.set(1, 'A', "1") == Outcome::refused_out_of_memory);  // B keeps the old content
  CHECK(env.take() == Lines{"1 duplicate_ok B"});
}

namespace {

// A shelf in memory that can be told to fail.
class FakeShelf final : public Shelf {
 public:
  bool put(std::uint32_t number, ByteView bytes) override {
    return works && kept.emplace(number, Bytes::copy_of(bytes)).second;
  }
  std::optional<Bytes> first(std::uint32_t number, std::size_t length) override {
    if (!works) return std::nullopt;
    return kept.at(number).slice(0, length);
  }
  void drop(std::uint32_t number) override { REQUIRE(kept.erase(number) == 1); }

  bool works = true;
  std::map<std::uint32_t, Bytes> kept;
};

constexpr std::size_t kib = 1024;
std::string text_of(char letter, std::size_t bytes) { return std::string(bytes, letter); }

}  // namespace

TEST_CASE("what memory has no room for lies on the shelf, longest unused first", "[store]") {
  FakeShelf shelf;
  StoreEnv env{Options{.memory_bytes_max = 100 * kib, .shelf = &shelf}};
  env.set(1, 'A', text_of('a', 40 * kib));
  env.set(1, 'B', text_of('b', 40 * kib));
  env.get(1, 'A');
  env.set(1, 'C', text_of('c', 40 * kib));
  REQUIRE(shelf.kept.size() == 1);
  CHECK((shelf.kept.begin()->second.text() == text_of('b', 40 * kib)));
  env.take();
  env.get(1, 'B', 3);  // from there, and it stays there
  CHECK(env.take() == Lines{"1 get_ok B bbb"});
  CHECK(env.totals() == Totals{3, 3, 120 * kib});
  CHECK(env.store.statistics().shelved == 1);
  env.remove(1, 'B');
  CHECK(shelf.kept.empty());
  env.take();
}

TEST_CASE("large contents go to the shelf before small ones, and tiny ones never", "[store]") {
  FakeShelf shelf;
  StoreEnv env{Options{.memory_bytes_max = 2100 * kib, .shelf = &shelf}};
  env.set(1, 'A', text_of('a', kib));
  env.set(1, 'B', text_of('b', 40 * kib));
  env.set(1, 'C', text_of('c', 1500 * kib));
  env.set(1, 'D', text_of('d', 1000 * kib));
  REQUIRE(shelf.kept.size() == 1);
  CHECK(shelf.kept.begin()->second.size() == 1500 * kib);
  env.set(1, 'E', text_of('e', 2099 * kib));
  CHECK(shelf.kept.size() == 3);
  CHECK(env.set(1, 'F', text_of('f', 2 * kib)) == Outcome::accepted);  // in place of E
  CHECK(shelf.kept.size() == 4);
  env.take();
}

TEST_CASE("an object larger than all of memory goes straight to the shelf", "[store]") {
  FakeShelf shelf;
  StoreEnv env{Options{.memory_bytes_max = 20 * kib, .shelf = &shelf}};
  env.get(2, 'A', 2);
  CHECK(env.set(1, 'A', text_of('a', 30 * kib)) == Outcome::accepted);
  CHECK(env.duplicate(1, 'A', 'B') == Outcome::accepted);
  CHECK(env.set(1, 'A', "x") == Outcome::accepted);
  env.get(1, 'B', 1);
  CHECK(env.take() ==
        Lines{"2 get_ok A aa", "1 set_ok A", "1 duplicate_ok B", "1 set_ok A", "1 get_ok B a"});
}

TEST_CASE("a replaced content makes room for its successor, on the shelf or off it", "[store]") {
  FakeShelf shelf;
  StoreEnv env{Options{.memory_bytes_max = 100 * kib, .shelf = &shelf}};
  env.set(1, 'A', text_of('a', 60 * kib));
  env.set(1, 'A', text_of('b', 90 * kib));
  CHECK(shelf.kept.empty());
  env.set(1, 'B', text_of('c', 60 * kib));  // A moves
  env.set(1, 'A', text_of('d', 70 * kib));  // its old content goes, B moves
  CHECK(shelf.kept.size() == 1);
  env.take();
}

TEST_CASE("a full shelf refuses the set, a broken one ends whoever reads", "[store]") {
  FakeShelf shelf;
  StoreEnv env{Options{.memory_bytes_max = 100 * kib, .shelf = &shelf}};
  env.set(1, 'A', text_of('a', 60 * kib));
  env.set(1, 'B', text_of('b', 60 * kib));
  shelf.works = false;
  CHECK(env.set(1, 'C', text_of('c', 60 * kib)) == Outcome::refused_out_of_memory);
  env.take();
  CHECK(env.get(1, 'A') == Outcome::accepted);
  REQUIRE(env.out.size() == 1);
  CHECK(env.out.front().unreadable);
  env.out.clear();
  CHECK(env.store.statistics().unreadable == 1);
  shelf.works = true;
}

TEST_CASE("the statistics count bytes in and out and the most there ever was", "[store]") {
  StoreEnv env;
  env.set(1, 'A', "12345");
  env.set(1, 'B', "123");
  env.get(1, 'A');
  env.get(1, 'A', 2);
  env.remove(1, 'A');
  env.take();
  const auto& statistics = env.store.statistics();
  CHECK(statistics.requests == 5);
  CHECK(statistics.bytes_in == 8);
  CHECK(statistics.bytes_out == 7);
  CHECK(statistics.ids_most == 2);
  CHECK(statistics.bytes_most == 8);
}

TEST_CASE("a payload is shared from the frame to the answers, never copied", "[store]") {
  StoreEnv env;
  const Bytes payload = Bytes::copy_of(std::string(1000, 'x'));
  env.request(1, wire::StoreRequestType::set, 'A', payload.size(), payload);
  env.duplicate(1, 'A', 'B');
  env.get(2, 'B');
  env.get(3, 'A', 10);
  REQUIRE(env.out.size() == 4);
  CHECK(env.out[2].payload.data() == payload.data());
  CHECK(env.out[3].payload.data() == payload.data());
  env.out.clear();
}

}  // namespace
}  // namespace scaler::store
