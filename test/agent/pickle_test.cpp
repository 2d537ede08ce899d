#include "agent/pickle.hpp"

#include <catch2/catch.hpp>

#include "agent/utf8.hpp"

namespace scaler::agent {

using namespace std::string_literals;

TEST_CASE("an exception is pickled byte for byte as protocol 4 has it", "[agent]") {
  REQUIRE(pickle_exception("builtins", "ValueError", "no").text() ==
          "\x80\x04"
          "\x8c\x08"
          "builtins"
          "\x8c\x0a"
          "ValueError"
          "\x93"
          "\x8c\x02"
          "no"
          "\x85"
          "R."s);
}

TEST_CASE("a text of 256 bytes or more has a longer length", "[agent]") {
  const std::string longest_short(255, 'x');
  REQUIRE(pickle_exception("m", "n", longest_short).text() ==
          "\x80\x04\x8c\x01m\x8c\x01n\x93\x8c\xff"s + longest_short + "\x85R."s);
  const std::string shortest_long(256, 'x');
  REQUIRE(pickle_exception("m", "n", shortest_long).text() ==
          "\x80\x04\x8c\x01m\x8c\x01n\x93X\x00\x01\x00\x00"s + shortest_long + "\x85R."s);
}

TEST_CASE("text that is UTF-8 stays as it is", "[agent]") {
  for (const std::string& text : {""s, "plain"s, "\0x"s, "\xc3\xa9"s, "\xe2\x82\xac"s,
                                  "\xf0\x9f\x98\x80"s, "\xed\x9f\xbf"s, "\xf4\x8f\xbf\xbf"s})
    REQUIRE(to_utf8(text) == text);
}

TEST_CASE("each byte that is no UTF-8 becomes one replacement character", "[agent]") {
  const std::string r = "\xef\xbf\xbd";
  REQUIRE(to_utf8("a\xff"
                  "b") == "a" + r + "b");
  REQUIRE(to_utf8("\xc3") == r);                          // cut short
  REQUIRE(to_utf8("\xc0\xaf") == r + r);                  // overlong
  REQUIRE(to_utf8("\xe0\x80\x80") == r + r + r);          // overlong
  REQUIRE(to_utf8("\xed\xa0\x80") == r + r + r);          // a surrogate
  REQUIRE(to_utf8("\xf4\x90\x80\x80") == r + r + r + r);  // above U+10FFFF
  REQUIRE(to_utf8("\xe2\x82") == r + r);
}

}  // namespace scaler::agent
