#include "roles/memory_events.hpp"

#include <catch2/catch.hpp>

namespace scaler::roles {

TEST_CASE("the kernel's count of processes killed for memory is read by its whole name",
          "[roles]") {
  REQUIRE(oom_kills_in("pgfault 7\noom_kill 12\nnr_oom_kill 3\n") == 12);
  REQUIRE(oom_kills_in("oom_kill 5") == 5);
  REQUIRE_FALSE(oom_kills_in("nr_oom_kill 3\npgfault 7\n"));
  REQUIRE_FALSE(oom_kills_in("oom_kill x\n"));
  REQUIRE_FALSE(oom_kills_in(""));
}

TEST_CASE("no kill is reported when none happened", "[roles]") {
  MemoryEvents events;
  REQUIRE_FALSE(events.killed_since());
}

}  // namespace scaler::roles
