#include "scaler/base/json.hpp"

#include <catch2/catch.hpp>

using scaler::json::quoted;

TEST_CASE("a text becomes a JSON string with what must be escaped escaped", "[base]") {
  REQUIRE(quoted("") == "\"\"");
  REQUIRE(quoted("a \"b\" \\ c") == R"("a \"b\" \\ c")");
  REQUIRE(quoted("\n\t\x01\x7f") == R"("\n\t\u0001\u007f")");
  REQUIRE(quoted(std::string_view("\0", 1)) == R"("\u0000")");
}

TEST_CASE("UTF-8 stays, and each byte that is none is replaced", "[base]") {
  REQUIRE(quoted("\xc3\xa4\xf0\x9f\x98\x80") == "\"\xc3\xa4\xf0\x9f\x98\x80\"");
  const std::string mark = "\xef\xbf\xbd";
  // Cut short, overlong, a surrogate, beyond the last code point, a lone continuation.
  REQUIRE(quoted("\xc3") == '"' + mark + '"');
  REQUIRE(quoted("\xc0\xafx") == '"' + mark + mark + "x\"");
  REQUIRE(quoted("\xed\xa0\x80") == '"' + mark + mark + mark + '"');
  REQUIRE(quoted("\xf4\x90\x80\x80") == '"' + mark + mark + mark + mark + '"');
  REQUIRE(quoted("a\x80z") == "\"a" + mark + "z\"");
}
