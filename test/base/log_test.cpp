#include "scaler/base/log.hpp"

#include <catch2/catch.hpp>
#include <regex>
#include <vector>

namespace scaler {

TEST_CASE("a log line has the form that scripts wait for", "[base]") {
  const std::regex form(R"(\[WARN\]\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4}: disk is nearly full)");
  REQUIRE(std::regex_match(log::format_line(log::Level::warning, "disk is nearly full"), form));
}

TEST_CASE("lines below the level are not even formatted", "[base]") {
  std::vector<std::string> lines;
  auto before = log::set_sink([&](log::Level, std::string_view text) { lines.emplace_back(text); });
  log::debug("not {}", "this");
  log::info("but {}", "this");
  log::set_sink(std::move(before));
  REQUIRE(lines == std::vector<std::string>{"but this"});
}

TEST_CASE("a rate limit lets a burst through, then counts in silence", "[base]") {
  log::RateLimit limit(2, 1s);
  TimePoint now{100s};
  REQUIRE(limit.allow(now) == 0U);
  REQUIRE(limit.allow(now) == 0U);
  REQUIRE_FALSE(limit.allow(now));
  REQUIRE_FALSE(limit.allow(now));
  REQUIRE(limit.allow(now + 1s) == 2U);
}

}  // namespace scaler
