#include <catch2/catch.hpp>

#include "scaler/config/commands.hpp"

using namespace scaler::config;

namespace {

PolicyOptions parsed(std::string_view engine, std::string_view content) {
  auto result = parse_policy(engine, content);
  INFO((result ? "" : result.error().text));
  REQUIRE(result);
  return *result;
}

std::string refusal(std::string_view engine, std::string_view content) {
  auto result = parse_policy(engine, content);
  REQUIRE_FALSE(result);
  return result.error().text;
}

}  // namespace

TEST_CASE("a simple policy is an allocate and a scaling value", "[config]") {
  REQUIRE(parsed("simple", "allocate=even_load; scaling=no").scaling == ScalingPolicy::no);
  const PolicyOptions policy = parsed("simple", " scaling = capability;allocate= capability ;");
  REQUIRE(policy.allocate == AllocatePolicy::capability);
  REQUIRE(policy.scaling == ScalingPolicy::capability);
}

TEST_CASE("a simple policy ignores pieces without an equals sign and earlier doubles", "[config]") {
  REQUIRE(
      parsed("simple", "junk; allocate=capability; allocate=even_load; scaling=vanilla").allocate ==
      AllocatePolicy::even_load);
}

TEST_CASE("a simple policy has exactly its two keys", "[config]") {
  REQUIRE(refusal("simple", "allocate=even_load") ==
          "'allocate=even_load' lacks scaling (expected for example allocate=even_load; "
          "scaling=vanilla)");
  REQUIRE(refusal("simple", "").find("lacks allocate") != std::string::npos);
  REQUIRE(refusal("simple", "allocate=even_load; scaling=no; speed=9") ==
          "'speed' is not a policy key (allocate and scaling are)");
}

TEST_CASE("a simple policy's values are spelled exactly", "[config]") {
  REQUIRE(refusal("simple", "allocate=even; scaling=no") ==
          "allocate: 'even' is not allowed (one of even_load, capability)");
  REQUIRE(refusal("simple", "allocate=even_load; scaling=NO") ==
          "scaling: 'NO' is not allowed (one of no, vanilla, capability)");
}

TEST_CASE("a waterfall is one rule a line", "[config]") {
  const PolicyOptions policy =
      parsed("waterfall_v1", "# first\n1, local, 8  # own machine\n\n2,cloud,-1\r\n3,rest");
  REQUIRE(policy.scaling == ScalingPolicy::waterfall);
  REQUIRE(policy.waterfall.size() == 3);
  REQUIRE(policy.waterfall[0].priority == 1);
  REQUIRE(policy.waterfall[0].worker_manager_id == "local");
  REQUIRE(policy.waterfall[0].max_task_concurrency == 8);
  REQUIRE(policy.waterfall[1].max_task_concurrency == -1);
  REQUIRE_FALSE(policy.waterfall[2].max_task_concurrency);
}

TEST_CASE("a wrong waterfall rule is named by its line", "[config]") {
  REQUIRE(refusal("waterfall_v1", "1,a,2\n\n5") ==
          "line 3: '5' has 1 field, expected priority,worker_manager_id,max_task_concurrency");
  REQUIRE(refusal("waterfall_v1", "1,a,2,3").find("line 1: '1,a,2,3' has 4 fields") == 0);
  REQUIRE(refusal("waterfall_v1", "1, ,2") == "line 1: the worker manager id is empty");
  REQUIRE(refusal("waterfall_v1", "x,a,2") == "line 1: priority 'x' is not a whole number");
  REQUIRE(refusal("waterfall_v1", "1,a,x") ==
          "line 1: max_task_concurrency 'x' is not a whole number");
  REQUIRE(refusal("waterfall_v1", "1,a,2\n2,a,3") ==
          "line 2: a second rule for the worker manager 'a'");
  REQUIRE(refusal("waterfall_v1", "# nothing").find("no rule in it") == 0);
}

TEST_CASE("an unknown policy engine lists the known ones", "[config]") {
  REQUIRE(refusal("clever", "") == "'clever' is not a policy engine (one of simple, waterfall_v1)");
}
