#include <map>
#include <string>

#include "scaler/base/random.hpp"
#include "store/store_env.hpp"

namespace scaler::store {
namespace {

using wire::StoreRequestType;

// What the store should do, written for reading: maps and scans, one content per set.
class NaiveStore {
 public:
  using Lines = StoreEnv::Lines;

  Lines set(std::uint32_t from, char id, const std::string& text) {
    Lines lines;
    objects_[id] = {++contents_made_, text};
    release(id, lines);
    lines.push_back(line(from, "set_ok", id));
    return lines;
  }
  Lines get(std::uint32_t from, char id, std::uint64_t wanted) {
    if (objects_.contains(id)) return {got(from, id, wanted)};
    waiting_.push_back({from, id, false, '-', wanted});
    return {};
  }
  Lines remove(std::uint32_t from, char id) {
    return {line(from, objects_.erase(id) > 0 ? "remove_ok" : "remove_not_exists", id)};
  }
  Lines duplicate(std::uint32_t from, char source, char copy) {
    if (!objects_.contains(source)) {
      waiting_.push_back({from, source, true, copy, 0});
      return {};
    }
    objects_[copy] = Content(objects_[source]);
    Lines lines{line(from, "duplicate_ok", copy)};
    release(copy, lines);
    return lines;
  }
  void lose(std::uint32_t peer) {
    std::erase_if(waiting_, [&](const Waiting& one) { return one.from == peer; });
  }

  StoreEnv::Totals totals() const {
    std::map<std::uint64_t, std::size_t> distinct;
    for (const auto& [id, content] : objects_) distinct[content.serial] = content.text.size();
    std::uint64_t bytes = 0;
    for (const auto& [serial, size] : distinct) bytes += size;
    return {objects_.size(), distinct.size(), bytes};
  }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Content {
    std::uint64_t serial = 0;
    std::string text;
  };
  struct Waiting {
    std::uint32_t from;
    char awaited;
    bool is_duplicate;
    char copy;
    std::uint64_t wanted;
  };

  static std::string line(std::uint32_t to, const std::string& what, char id) {
    return std::to_string(to) + " " + what + " " + id;
  }
  std::string got(std::uint32_t to, char id, std::uint64_t wanted) {
    const std::string text = objects_[id].text.substr(0, wanted);
    return line(to, "get_ok", id) + (text.empty() ? "" : " " + text);
  }

  void release(char id, Lines& lines) {
    std::vector<char> made{id};
    for (std::size_t i = 0; i < made.size(); ++i) {
      std::vector<Waiting> mine;
      std::erase_if(waiting_, [&](const Waiting& one) {
        if (one.awaited == made[i]) mine.push_back(one);
        return one.awaited == made[i];
      });
      for (const Waiting& one : mine) {
        if (!one.is_duplicate) {
          lines.push_back(got(one.from, made[i], one.wanted));
          continue;
        }
        objects_[one.copy] = Content(objects_[made[i]]);
        lines.push_back(line(one.from, "duplicate_ok", one.copy));
        made.push_back(one.copy);
      }
    }
  }

  std::map<char, Content> objects_;
  std::vector<Waiting> waiting_;
  std::uint64_t contents_made_ = 0;
};

// One random event for both.
void step(Random& random, StoreEnv& env, NaiveStore& model) {
  const auto peer = static_cast<std::uint32_t>(1 + random.below(4));
  const auto letter = [&] { return static_cast<char>('A' + random.below(6)); };
  const char id = letter();
  NaiveStore::Lines expected;
  switch (random.below(16)) {
    case 0:
    case 1:
    case 2: {
      const std::string text = random.hex(random.below(4));
      env.set(peer, id, text);
      expected = model.set(peer, id, text);
      break;
    }
    case 3:
    case 4:
    case 5:
    case 6: {
      const std::uint64_t wanted = random.below(2) == 0 ? wire::everything : random.below(4);
      env.get(peer, id, wanted);
      expected = model.get(peer, id, wanted);
      break;
    }
    case 7:
    case 8:
    case 9:
    case 10:
      env.remove(peer, id);
      expected = model.remove(peer, id);
      break;
    case 11:
      env.lose(peer);
      model.lose(peer);
      break;
    default: {
      const char copy = letter();
      env.duplicate(peer, id, copy);
      expected = model.duplicate(peer, id, copy);
    }
  }
  REQUIRE(env.take() == expected);
  REQUIRE(env.totals() == model.totals());
  REQUIRE(env.store.statistics().waiting == model.waiting());
}

TEST_CASE("any sequence of requests gives what the naive model gives", "[store]") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    StoreEnv env{Options{.hash_seed = seed}};
    NaiveStore model;
    for (int i = 0; i < 200; ++i) step(random, env, model);
  }
}

}  // namespace
}  // namespace scaler::store
