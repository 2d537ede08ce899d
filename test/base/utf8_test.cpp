#include "scaler/base/utf8.hpp"

#include <catch2/catch.hpp>

namespace scaler {

using namespace std::string_view_literals;

TEST_CASE("a code point is read with its length, at both sides of each border", "[base]") {
  struct Case {
    std::string_view text;
    char32_t code;
    std::size_t length;
  };
  const Case cases[] = {{"\0"sv, 0, 1},
                        {"\x7f", 0x7f, 1},
                        {"\xc2\x80", 0x80, 2},
                        {"\xdf\xbf", 0x7ff, 2},
                        {"\xe0\xa0\x80", 0x800, 3},
                        {"\xed\x9f\xbf", 0xd7ff, 3},
                        {"\xee\x80\x80", 0xe000, 3},
                        {"\xef\xbf\xbf", 0xffff, 3},
                        {"\xf0\x90\x80\x80", 0x10000, 4},
                        {"\xf4\x8f\xbf\xbf", 0x10ffff, 4}};
  for (const Case& one : cases) {
    const CodePoint point = first_code_point(one.text);
    REQUIRE(point.valid);
    REQUIRE(point.code == one.code);
    REQUIRE(point.length == one.length);
  }
}

TEST_CASE("what is no UTF-8 is one replacement character for each byte", "[base]") {
  for (const std::string_view text :
       {"\x80"sv, "\xff"sv, "\xc1\xbf"sv, "\xe0\x9f\xbf"sv, "\xed\xa0\x80"sv, "\xf0\x8f\xbf\xbf"sv,
        "\xf4\x90\x80\x80"sv, "\xe2\x82"sv, "\xc3("sv}) {
    const CodePoint point = first_code_point(text);
    REQUIRE_FALSE(point.valid);
    REQUIRE(point.code == U'\ufffd');
    REQUIRE(point.length == 1);
  }
}

}  // namespace scaler
