#include <catch2/catch.hpp>

#include "scaler/scheduler/scaling.hpp"

namespace scaler::scheduler {

namespace {

Crew crew(std::string id, std::uint32_t workers, std::uint32_t busy = 0,
          std::uint32_t most = workers_unlimited, CapabilityNames names = {}) {
  return {std::move(id), std::move(names), most, workers, 0, busy};
}

ClusterPicture picture(std::uint64_t tasks, std::vector<Crew> crews) {
  ClusterPicture drawn;
  drawn.demand = {{{}, tasks}};
  drawn.crews = std::move(crews);
  return drawn;
}

std::uint32_t vanilla(std::uint64_t tasks, Crew crew) {
  return plan(ScalingPolicy::vanilla, {}, picture(tasks, {std::move(crew)}))[0];
}

using Wishes = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("scaling=no leaves every crew as it is", "[scheduler]") {
  REQUIRE(plan(ScalingPolicy::no, {}, picture(1000, {crew("a", 1), crew("b", 5)})) == Wishes{1, 5});
}

TEST_CASE("vanilla wants a worker for the first task and one more for each ten beyond",
          "[scheduler]") {
  CHECK(vanilla(0, crew("a", 0)) == 0);
  CHECK(vanilla(1, crew("a", 0)) == 1);
  CHECK(vanilla(10, crew("a", 1, 1)) == 1);
  CHECK(vanilla(11, crew("a", 1, 1)) == 2);
  CHECK(vanilla(25, crew("a", 0)) == 3);
  CHECK(vanilla(80, crew("a", 3, 3)) == 8);
}

TEST_CASE("vanilla never wants more than the manager can run", "[scheduler]") {
  CHECK(vanilla(1000, crew("a", 0, 0, 4)) == 4);
  CHECK(vanilla(1000, crew("a", 6, 0, 4)) == 6);  // more than allowed, but there
  CHECK(vanilla(1000, crew("a", 0, 0, 0)) == 0);
}

TEST_CASE("vanilla wants fewer workers only when there is less than one task for each",
          "[scheduler]") {
  CHECK(vanilla(8, crew("a", 8, 0)) == 8);
  CHECK(vanilla(7, crew("a", 8, 0)) == 1);
  CHECK(vanilla(0, crew("a", 8, 0)) == 0);
}

TEST_CASE("a busy worker is never spare", "[scheduler]") {
  CHECK(vanilla(3, crew("a", 8, 3)) == 3);
  CHECK(vanilla(1, crew("a", 8, 8)) == 8);
}

TEST_CASE("workers that start count as present, and none is spare while one starts",
          "[scheduler]") {
  Crew starting = crew("a", 1, 1);
  starting.starting = 2;
  CHECK(vanilla(25, starting) == 3);
  CHECK(vanilla(31, starting) == 4);
  CHECK(vanilla(0, starting) == 3);
}

TEST_CASE("managers of equal standing share what is missing, without overshooting", "[scheduler]") {
  CHECK(plan(ScalingPolicy::vanilla, {}, picture(40, {crew("a", 0, 0, 8), crew("b", 0, 0, 8)})) ==
        Wishes{2, 2});
  CHECK(plan(ScalingPolicy::vanilla, {}, picture(40, {crew("a", 0, 0, 4), crew("b", 0, 0, 8)})) ==
        Wishes{0, 4});
  CHECK(plan(ScalingPolicy::vanilla, {}, picture(80, {crew("a", 0, 0, 4), crew("b", 0, 0, 8)})) ==
        Wishes{2, 6});
  CHECK(plan(ScalingPolicy::vanilla, {}, picture(20, {crew("a", 2, 2, 8), crew("b", 0, 0, 8)})) ==
        Wishes{2, 0});
}

TEST_CASE("workers of nobody's crew take their share of the load", "[scheduler]") {
  ClusterPicture drawn = picture(30, {crew("a", 0)});
  drawn.others = {{{}, 2}};
  CHECK(plan(ScalingPolicy::vanilla, {}, drawn) == Wishes{1});
  drawn = picture(5, {crew("a", 4)});
  drawn.others = {{{}, 2}};
  CHECK(plan(ScalingPolicy::vanilla, {}, drawn) == Wishes{0});
}

TEST_CASE("when one crew is busy the other one gives up its workers", "[scheduler]") {
  CHECK(plan(ScalingPolicy::vanilla, {}, picture(3, {crew("a", 4, 0), crew("b", 4, 3)})) ==
        Wishes{0, 3});
}

TEST_CASE("a million tasks are planned for in few steps", "[scheduler]") {
  const auto wishes = plan(ScalingPolicy::vanilla, {},
                           picture(1'000'000, {crew("a", 0), crew("b", 0), crew("c", 0)}));
  CHECK(wishes[0] + wishes[1] + wishes[2] == 100'000);
}

// ---- capability ----

TEST_CASE("capability asks only managers whose workers offer what is needed", "[scheduler]") {
  ClusterPicture drawn;
  drawn.names_bind = true;
  drawn.demand = {{{"gpu"}, 12}};
  drawn.crews = {crew("cpu", 0, 0, 8), crew("gpu", 0, 0, 8, {"gpu", "linux"})};
  CHECK(plan(ScalingPolicy::capability, {}, drawn) == Wishes{0, 3});
  drawn.crews = {crew("cpu", 0, 0, 8)};
  CHECK(plan(ScalingPolicy::capability, {}, drawn) == Wishes{0});  // nobody could: nobody starts
}

TEST_CASE("capability keeps workers that offer more for the tasks that need it", "[scheduler]") {
  ClusterPicture drawn;
  drawn.names_bind = true;
  drawn.demand = {{{}, 10}, {{"gpu"}, 5}};
  drawn.crews = {crew("cpu", 2, 2, 8), crew("gpu", 0, 0, 8, {"gpu"})};
  CHECK(plan(ScalingPolicy::capability, {}, drawn) == Wishes{2, 1});
  drawn.crews = {crew("cpu", 0, 0, 8), crew("gpu", 0, 0, 8, {"gpu"})};
  CHECK(plan(ScalingPolicy::capability, {}, drawn) == Wishes{2, 1});
  drawn.crews = {crew("gpu", 0, 0, 8, {"gpu"})};
  CHECK(plan(ScalingPolicy::capability, {}, drawn) == Wishes{3});
}

TEST_CASE("capability wants fewer below half a task for each worker that could run it",
          "[scheduler]") {
  ClusterPicture drawn;
  drawn.names_bind = true;
  drawn.demand = {{{"gpu"}, 2}};
  drawn.crews = {crew("gpu", 4, 2, 8, {"gpu"})};
  CHECK(plan(ScalingPolicy::capability, {}, drawn) == Wishes{4});
  drawn.demand = {{{"gpu"}, 1}};
  CHECK(plan(ScalingPolicy::capability, {}, drawn) == Wishes{2});  // two hold something
  drawn.demand = {};
  drawn.crews = {crew("gpu", 4, 0, 8, {"gpu"}), crew("cpu", 2, 0, 8)};
  CHECK(plan(ScalingPolicy::capability, {}, drawn) == Wishes{0, 0});
}

TEST_CASE("one kind's need does not keep idle workers of another kind", "[scheduler]") {
  ClusterPicture drawn;
  drawn.names_bind = true;
  drawn.demand = {{{"gpu"}, 50}};
  drawn.crews = {crew("cpu", 4, 0, 8), crew("gpu", 1, 1, 8, {"gpu"})};
  CHECK(plan(ScalingPolicy::capability, {}, drawn) == Wishes{0, 8});
}

TEST_CASE("names that do not bind are a preference", "[scheduler]") {
  ClusterPicture drawn;
  drawn.demand = {{{"gpu"}, 12}};
  drawn.crews = {crew("cpu", 0, 0, 8)};
  CHECK(plan(ScalingPolicy::capability, {}, drawn) == Wishes{3});
}

// ---- waterfall ----

TEST_CASE("waterfall fills the better priority first, whatever the order of its rules",
          "[scheduler]") {
  const std::vector<WaterfallRule> rules{{2, "b", 3}, {1, "a", 2}};
  const auto wishes = [&](std::uint64_t tasks, std::uint32_t a, std::uint32_t b) {
    return plan(ScalingPolicy::waterfall, rules,
                picture(tasks, {crew("a", a, 0, 8), crew("b", b, 0, 8)}));
  };
  CHECK(wishes(5, 0, 0) == Wishes{1, 0});
  CHECK(wishes(45, 0, 0) == Wishes{2, 3});
  CHECK(wishes(25, 0, 0) == Wishes{2, 1});
  CHECK(wishes(0, 2, 3) == Wishes{2, 0});  // the worse one drains first
  CHECK(wishes(0, 2, 0) == Wishes{0, 0});
}

TEST_CASE("waterfall goes on to the next manager when a better one is not there", "[scheduler]") {
  const std::vector<WaterfallRule> rules{{1, "a", 2}, {2, "b", std::nullopt}};
  CHECK(plan(ScalingPolicy::waterfall, rules, picture(45, {crew("b", 0, 0, 9)})) == Wishes{5});
}

TEST_CASE("a manager without a rule is neither filled nor drained", "[scheduler]") {
  const std::vector<WaterfallRule> rules{{1, "a", 2}};
  CHECK(plan(ScalingPolicy::waterfall, rules, picture(0, {crew("z", 3)})) == Wishes{3});
  CHECK(plan(ScalingPolicy::waterfall, rules, picture(500, {crew("z", 3)})) == Wishes{3});
}

TEST_CASE("a negative limit in a rule means none", "[scheduler]") {
  CHECK(plan(ScalingPolicy::waterfall, {{1, "a", -5}}, picture(50, {crew("a", 0, 0, 8)})) ==
        Wishes{0});
}

}  // namespace scaler::scheduler
