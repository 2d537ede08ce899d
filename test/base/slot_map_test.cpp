#include "scaler/base/slot_map.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "scaler/base/ids.hpp"

namespace scaler {

TEST_CASE("an old handle does not find the new tenant of its place", "[base]") {
  SlotMap<PeerId, std::string> map;
  const PeerId first = map.insert("first");
  REQUIRE(map.erase(first));
  const PeerId second = map.insert("second");
  REQUIRE(second.index == first.index);
  REQUIRE(map.find(first) == nullptr);
  REQUIRE(*map.find(second) == "second");
  REQUIRE_FALSE(map.erase(first));
}

TEST_CASE("a default handle finds nothing", "[base]") {
  SlotMap<PeerId, int> map;
  map.insert(1);
  REQUIRE(map.find(PeerId{}) == nullptr);
}

}  // namespace scaler
