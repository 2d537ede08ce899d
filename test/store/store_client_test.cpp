#include "scaler/store/store_client.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <string>

#include "scaler/base/random.hpp"
#include "scaler/store/object_store.hpp"
#include "store/store_env.hpp"

namespace scaler::store {
namespace {

using wire::StoreResponseType;

Bytes response(StoreResponseType type, char object, std::uint64_t id, std::uint64_t payload = 0) {
  return wire::encode_store_response({id_of(object), payload, id, type});
}

// Feeds one frame that must complete an answer.
StoreClient::Answer answer_of(StoreClient& client, Bytes frame) {
  auto result = client.on_frame(std::move(frame));
  REQUIRE(result);
  REQUIRE(result->has_value());
  return std::move(**result);
}

void feed_in_silence(StoreClient& client, Bytes frame) {
  auto result = client.on_frame(std::move(frame));
  REQUIRE(result);
  REQUIRE_FALSE(result->has_value());
}

TEST_CASE("requests are numbered from zero over all types", "[store]") {
  StoreClient client;
  std::vector<Bytes> frames;
  CHECK(client.set(id_of('A'), Bytes::copy_of("hi"), frames) == 0);
  CHECK(client.get(id_of('A'), frames) == 1);
  CHECK(client.duplicate(id_of('A'), id_of('B'), frames) == 2);
  CHECK(client.remove(id_of('A'), frames) == 3);
  REQUIRE(frames.size() == 6);
  CHECK(frames[1].text() == "hi");
  CHECK(frames[4].size() == 48);
  const auto get = wire::decode_store_request(frames[2]);
  REQUIRE(get);
  CHECK(get->payload_bytes == wire::everything);
  const auto duplicate = wire::decode_store_request(frames[3]);
  REQUIRE(duplicate);
  CHECK(duplicate->object == id_of('B'));
  CHECK(duplicate->payload_bytes == 48);
}

TEST_CASE("a set of an empty object is two frames", "[store]") {
  StoreClient client;
  std::vector<Bytes> frames;
  client.set(id_of('A'), Bytes(), frames);
  REQUIRE(frames.size() == 2);
  CHECK(frames[1].empty());
}

TEST_CASE("an answer with a payload is complete with its second frame", "[store]") {
  StoreClient client;
  std::vector<Bytes> frames;
  const auto id = client.get(id_of('A'), frames);
  feed_in_silence(client, response(StoreResponseType::get_ok, 'A', id, 2));
  const auto answer = answer_of(client, Bytes::copy_of("hi"));
  CHECK(answer.request_id == id);
  CHECK(answer.type == StoreResponseType::get_ok);
  CHECK(answer.object == id_of('A'));
  CHECK(answer.payload.text() == "hi");
}

TEST_CASE("answers may come in any order", "[store]") {
  StoreClient client;
  std::vector<Bytes> frames;
  const auto get = client.get(id_of('A'), frames);
  const auto remove = client.remove(id_of('B'), frames);
  CHECK(answer_of(client, response(StoreResponseType::remove_not_exists, 'B', remove)).request_id ==
        remove);
  CHECK(answer_of(client, response(StoreResponseType::get_ok, 'A', get)).request_id == get);
}

TEST_CASE("the extra empty frame behind an empty object is passed over", "[store]") {
  StoreClient client;
  std::vector<Bytes> frames;
  const auto first = client.get(id_of('A'), frames);
  const auto second = client.get(id_of('A'), frames);
  CHECK(answer_of(client, response(StoreResponseType::get_ok, 'A', first)).payload.empty());
  feed_in_silence(client, Bytes());
  CHECK(answer_of(client, response(StoreResponseType::get_ok, 'A', second)).payload.empty());
}

TEST_CASE("a server that answers what was not asked is broken", "[store]") {
  StoreClient client;
  std::vector<Bytes> frames;
  const auto id = client.get(id_of('A'), frames);
  CHECK_FALSE(client.on_frame(response(StoreResponseType::get_ok, 'A', id + 1)));
  CHECK_FALSE(client.on_frame(response(StoreResponseType::set_ok, 'A', id)));
  CHECK_FALSE(client.on_frame(response(StoreResponseType::get_ok, 'B', id)));
  CHECK_FALSE(client.on_frame(response(static_cast<StoreResponseType>(9), 'A', id)));
  CHECK_FALSE(client.on_frame(Bytes::copy_of("no header")));
  CHECK(answer_of(client, response(StoreResponseType::get_ok, 'A', id)).request_id == id);
  CHECK_FALSE(client.on_frame(response(StoreResponseType::get_ok, 'A', id)));
}

TEST_CASE("a payload of another length than its header says is broken", "[store]") {
  StoreClient client;
  std::vector<Bytes> frames;
  const auto id = client.get(id_of('A'), frames);
  feed_in_silence(client, response(StoreResponseType::get_ok, 'A', id, 5));
  CHECK_FALSE(client.on_frame(Bytes::copy_of("four")));
}

TEST_CASE("a new connection starts from zero and names what was in flight, in order", "[store]") {
  StoreClient client;
  std::vector<Bytes> frames;
  client.set(id_of('A'), Bytes::copy_of("a"), frames);
  client.get(id_of('B'), frames);
  client.remove(id_of('C'), frames);
  answer_of(client, response(StoreResponseType::set_ok, 'A', 0));
  feed_in_silence(client, response(StoreResponseType::get_ok, 'B', 1, 10));  // half an answer
  const auto again = client.on_reconnected();
  REQUIRE(again.size() == 2);
  CHECK(again[0].request_id == 1);
  CHECK(again[0].type == wire::StoreRequestType::get);
  CHECK(again[0].object == id_of('B'));
  CHECK(again[1].object == id_of('C'));
  CHECK(client.get(id_of('B'), frames) == 0);
  CHECK(answer_of(client, response(StoreResponseType::get_ok, 'B', 0)).object == id_of('B'));
  CHECK(client.on_reconnected().empty());
}

// Clients and one store, joined by two queues each, moved on in a random order.
class Loopback {
 public:
  explicit Loopback(std::uint64_t seed) : random_(seed), ends_(3) {}

  void step() {
    End& end = ends_[random_.below(ends_.size())];
    switch (random_.below(3)) {
      case 0:
        ask(end);
        break;
      case 1:
        serve_one(end);
        break;
      default:
        deliver_one(end);
    }
  }

  // No more random requests: every object is set once, and then nobody may wait any more.
  void settle() {
    drain();
    for (char letter = 'A'; letter < 'A' + letters; ++letter) {
      std::vector<Bytes> frames;
      ++ends_[0].asked;
      ends_[0].client.set(id_of(letter), content(), frames);
      push(ends_[0], frames);
    }
    drain();
    for (End& end : ends_) {
      CHECK(end.answered == end.asked);
      CHECK(end.client.on_reconnected().empty());
    }
    CHECK(store_.statistics().waiting == 0);
  }

 private:
  static constexpr int letters = 5;
  struct End {
    StoreClient client;
    std::deque<Bytes> to_store, to_client;
    std::optional<wire::StoreRequestHeader> header;
    std::uint64_t asked = 0, answered = 0;
  };

  char letter() { return static_cast<char>('A' + random_.below(letters)); }
  Bytes content() { return Bytes::copy_of(random_.hex(random_.below(5))); }

  void ask(End& end) {
    std::vector<Bytes> frames;
    ++end.asked;
    switch (random_.below(4)) {
      case 0:
        end.client.set(id_of(letter()), content(), frames);
        break;
      case 1:
        end.client.get(id_of(letter()), frames);
        break;
      case 2:
        end.client.remove(id_of(letter()), frames);
        break;
      default:
        end.client.duplicate(id_of(letter()), id_of(letter()), frames);
    }
    push(end, frames);
  }
  static void push(End& end, std::vector<Bytes>& frames) {
    for (Bytes& frame : frames) end.to_store.push_back(std::move(frame));
  }

  bool serve_one(End& end) {
    if (end.to_store.empty()) return false;
    Bytes frame = std::move(end.to_store.front());
    end.to_store.pop_front();
    if (!end.header) {
      const auto header = wire::decode_store_request(frame);
      REQUIRE(header);
      end.header = *header;
      if (header->type == wire::StoreRequestType::set ||
          header->type == wire::StoreRequestType::duplicate)
        return true;
      frame = Bytes();
    }
    const PeerId from{static_cast<std::uint32_t>(&end - ends_.data()), 1};
    REQUIRE(store_.on_request(from, *std::exchange(end.header, std::nullopt), std::move(frame),
                              out_) == Outcome::accepted);
    store_.check_invariants();
    for (Reply& reply : out_) {
      auto& queue = ends_[reply.to.index].to_client;
      queue.push_back(wire::encode_store_response(reply.header));
      if (!reply.payload.empty()) queue.push_back(std::move(reply.payload));
    }
    out_.clear();
    return true;
  }

  bool deliver_one(End& end) {
    if (end.to_client.empty()) return false;
    auto result = end.client.on_frame(std::move(end.to_client.front()));
    end.to_client.pop_front();
    REQUIRE(result);
    if (result->has_value()) ++end.answered;
    return true;
  }

  void drain() {
    bool moved = true;
    while (moved) {
      moved = false;
      for (End& end : ends_) moved |= serve_one(end) | deliver_one(end);
    }
  }

  Random random_;
  ObjectStore store_{Options{}};
  Outbox out_;
  std::vector<End> ends_;
};

TEST_CASE("under any interleaving each request of each client is answered once", "[store]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Loopback loopback(seed);
    for (int step = 0; step < 300; ++step) loopback.step();
    loopback.settle();
  }
}

}  // namespace
}  // namespace scaler::store
