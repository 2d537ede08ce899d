#include "store/id_table.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "scaler/base/random.hpp"

namespace scaler::store {
namespace {

ObjectId numbered(std::uint64_t number) {
  ObjectId id;
  store_le64(id.bytes.data() + 8, number);
  return id;
}

TEST_CASE("the id table gives what a map gives, while it grows and shrinks", "[store]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    IdTable table(seed);
    std::map<ObjectId, Contents::Handle> model;
    for (int i = 0; i < 6000; ++i) {
      const ObjectId id = numbered(random.below(1500));
      const auto known = model.find(id);
      const auto expected = known == model.end() ? std::nullopt : std::optional(known->second);
      // First mostly puts, then mostly erasures.
      if (random.below(4) != 0 ? i < 3000 : i >= 3000) {
        const auto content = static_cast<Contents::Handle>(random.below(1000));
        REQUIRE(table.put(id, content) == expected);
        model[id] = content;
      } else {
        REQUIRE(table.erase(id) == expected);
        model.erase(id);
      }
      REQUIRE(table.size() == model.size());
    }
    for (std::uint64_t number = 0; number < 1500; ++number) {
      const auto known = model.find(numbered(number));
      REQUIRE(table.find(numbered(number)) ==
              (known == model.end() ? std::nullopt : std::optional(known->second)));
    }
    std::map<ObjectId, Contents::Handle> walked;
    table.for_each([&](const ObjectId& id, Contents::Handle content) { walked[id] = content; });
    CHECK(walked == model);
  }
}

TEST_CASE("ids that differ in one bit only meet in no common place", "[store]") {
  const IdHash hash{12345};
  std::map<std::size_t, int> places;
  for (std::size_t byte = 0; byte < ObjectId::size; ++byte)
    for (unsigned bit = 0; bit < 8; ++bit) {
      ObjectId id;
      id.bytes[byte] = static_cast<std::byte>(1U << bit);
      ++places[hash(id) & 1023];
    }
  for (const auto& [place, ids] : places) CHECK(ids <= 4);
}

TEST_CASE("another seed puts ids elsewhere", "[store]") {
  int same = 0;
  for (std::uint64_t number = 0; number < 1000; ++number)
    same += (IdHash{1}(numbered(number)) & 1023) == (IdHash{2}(numbered(number)) & 1023) ? 1 : 0;
  CHECK(same < 20);
}

}  // namespace
}  // namespace scaler::store
