#include "scaler/config/values.hpp"

#include <catch2/catch.hpp>

#include "config/text.hpp"

using namespace scaler::config;

namespace {

using Capabilities = std::vector<Capability>;

Capabilities capabilities_of(std::string_view text) {
  auto result = parse_capabilities(text);
  REQUIRE(result);
  return *result;
}

}  // namespace

TEST_CASE("capabilities are names with or without a quantity", "[config]") {
  REQUIRE(capabilities_of("linux,cpu=4") == Capabilities{{"linux", -1}, {"cpu", 4}});
  REQUIRE(capabilities_of(" linux , cpu = 4 ") == Capabilities{{"linux", -1}, {"cpu", 4}});
  REQUIRE(capabilities_of("gpu=").front() == Capability{"gpu", -1});
  REQUIRE(capabilities_of("debt=-3").front() == Capability{"debt", -3});
  REQUIRE(capabilities_of("").empty());
  REQUIRE(capabilities_of(",,").empty());
}

TEST_CASE("the last of two equal capabilities counts", "[config]") {
  REQUIRE(capabilities_of("cpu=1,linux,cpu=2") == Capabilities{{"cpu", 2}, {"linux", -1}});
}

TEST_CASE("a capability's quantity is a whole number", "[config]") {
  REQUIRE(parse_capabilities("linux,cpu=four").error().text ==
          "'cpu=four': 'four' is not a whole number (for example cpu=4)");
  REQUIRE_FALSE(parse_capabilities("cpu=4=4"));
  REQUIRE_FALSE(parse_capabilities("=4"));
  REQUIRE_FALSE(parse_capabilities("cpu=99999999999999999999"));
}

TEST_CASE("capabilities print as they were given", "[config]") {
  REQUIRE(to_string(capabilities_of("linux, cpu=4 ,gpu=-1")) == "linux,cpu=4,gpu");
  REQUIRE(to_string({}).empty());
}

TEST_CASE("whole numbers may have a sign and underscores between digits", "[config]") {
  REQUIRE(parse_integer("1_000") == 1000);
  REQUIRE(parse_integer("+5") == 5);
  REQUIRE(parse_integer("-1") == -1);
  REQUIRE(parse_integer(" 7 ") == 7);
  REQUIRE(parse_integer("-9223372036854775808") == INT64_MIN);
}

TEST_CASE("what only resembles a whole number is none", "[config]") {
  for (const char* text : {"", "-", "+", "_1", "1_", "1__0", "1.0", "0x10", "1e3", "--1", "1 2",
                           "9223372036854775808"})
    REQUIRE_FALSE(parse_integer(text));
}
