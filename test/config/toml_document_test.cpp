#include "config/toml_document.hpp"

#include <catch2/catch.hpp>

using namespace scaler::config;

namespace {

TomlDocument document_of(std::string_view text) {
  auto result = parse_toml("f.toml", text);
  INFO((result ? "" : result.error().text));
  REQUIRE(result);
  return std::move(*result);
}

}  // namespace

TEST_CASE("sections keep their file's order and lines", "[config]") {
  const TomlDocument document = document_of(
      "top = 1\n[zeta]\na = 'x'\n[[worker_manager]]\nb = 2\n[[worker_manager]]\n[alpha]\n");
  REQUIRE(document.loose.size() == 1);
  REQUIRE(document.sections.size() == 4);
  REQUIRE(document.sections[0].name == "zeta");
  REQUIRE(document.sections[0].line == 2);
  REQUIRE(document.sections[1].name == "worker_manager");
  REQUIRE(document.sections[1].entries[0].line == 5);
  REQUIRE(document.sections[1].entries[0].words[0] == "2");
  REQUIRE(document.sections[3].name == "alpha");
}

TEST_CASE("values become words and say what they were", "[config]") {
  const TomlDocument document = document_of(
      "[s]\na = true\nb = ['x', 'y']\nc = {d = 1}\ne = 1.5\nf = 2020-01-01\ng = [[1]]\n");
  const auto& entries = document.sections[0].entries;
  REQUIRE(entries[0].words == std::vector<std::string>{"true"});
  REQUIRE(entries[1].words == std::vector<std::string>{"x", "y"});
  REQUIRE(entries[2].table[0].words == std::vector<std::string>{"1"});
  REQUIRE(entries[3].kind == "a number with a point");
  REQUIRE(entries[4].kind == "a date or time");
  REQUIRE(entries[5].kind == "an array of something else than strings");
}

TEST_CASE("a syntax error names file, line, column and reason on one line", "[config]") {
  auto result = parse_toml("f.toml", "[s]\na = = 3\n");
  REQUIRE_FALSE(result);
  REQUIRE(result.error().text.find("f.toml:2:5: ") == 0);
  REQUIRE(result.error().text.find('\n') == std::string::npos);
}

TEST_CASE("hostile texts are refused and nothing else happens", "[config]") {
  const std::string_view zero("a = 1\0b", 7);
  REQUIRE(parse_toml("f.toml", zero).error().text ==
          "f.toml: not a text file (it holds a zero byte)");
  REQUIRE_FALSE(parse_toml("f", "\xff\xfe"));
  REQUIRE_FALSE(parse_toml("f", "a = " + std::string(100000, '[')));
  REQUIRE_FALSE(parse_toml("f", "a = 1\na = 2\n"));
  REQUIRE_FALSE(parse_toml("f", "\uFCFF = 1\n"));
  REQUIRE_FALSE(parse_toml("f", "a = 99999999999999999999\n"));
  REQUIRE(document_of("").sections.empty());
}

TEST_CASE("a table name that begins like none is refused with its line", "[config]") {
  const std::string expected = "f: a table's name begins with a letter, a digit, _, - or a quote";
  for (const std::string_view header : {"[#]", "[[ #a]]", "[*", "[s.t]\n[=]"})
    CHECK(parse_toml("f", header).error().text.find(" a table's name begins with a letter") !=
          std::string::npos);
  CHECK(parse_toml("f", "a = [\n[1]]\n [#]\n").error().text == "f:3" + expected.substr(1));
}
