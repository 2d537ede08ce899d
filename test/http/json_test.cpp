#include "scaler/http/json.hpp"

#include <catch2/catch.hpp>

namespace scaler::http {

TEST_CASE("members are found by their names", "[http]") {
  const auto json =
      Json::parse(R"( {"action": "start", "n": -1.5e1, "ids": ["a", "b"], "x": null} )");
  REQUIRE(json);
  CHECK(json->text("action") == "start");
  CHECK(json->number("n") == -15);
  CHECK(json->find("ids")->as_list()->size() == 2);
  CHECK(json->find("x") != nullptr);
  CHECK(json->find("y") == nullptr);
  CHECK_FALSE(json->text("n"));
  CHECK_FALSE(json->number("action"));
  CHECK(json->members().size() == 4);
}

TEST_CASE("escapes are undone, and made again", "[http]") {
  const auto json = Json::parse(R"({"t": "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"})");
  REQUIRE(json);
  CHECK(json->text("t") == "\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80");
  CHECK(json_text("a\"\\\n") == "\"a\\\"\\\\\\u000a\"");
  CHECK(*Json::parse(json_text("x\x01y\"z"))->as_text() == "x\x01y\"z");
}

TEST_CASE("what is no JSON is refused", "[http]") {
  for (const char* text :
       {"", "{", "[", "{\"a\"}", "{\"a\":}", "{a:1}", "[1,]", "[1 2]", "\"", "\"\\x\"", "\"\\u12\"",
        "\"\\ud800\"", "\"\\ud800\\u0041\"", "1 2", "nul", "{\"a\":1,}", "\"\n\"", "+", "[1"})
    CHECK_FALSE(Json::parse(text));
  CHECK_FALSE(Json::parse(std::string(100'000, '[')));
}

TEST_CASE("any value may stand alone", "[http]") {
  for (const char* text : {"null", "true", "false", "0", "\"\"", "[]", "{}", " [ ] "})
    CHECK(Json::parse(text));
  CHECK(Json::parse("3")->members().empty());
}

}  // namespace scaler::http
