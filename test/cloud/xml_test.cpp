#include "scaler/cloud/xml.hpp"

#include <catch2/catch.hpp>

namespace scaler::cloud {

TEST_CASE("an answer's texts are found by their path, its lists item by item", "[cloud]") {
  const auto xml = Xml::parse(
      "<?xml version=\"1.0\"?>\n<!-- of a test --><R xmlns='http://a/b'>\n <a><b x=\"1\">one &amp; "
      "two</b></a><list><item><id>i-1</id></item><other/><item><id>i-2</id></item></list></R>\n");
  REQUIRE(xml);
  REQUIRE(xml->name == "R");
  REQUIRE(xml->at("a/b") == "one & two");
  REQUIRE(xml->at("a/c").empty());
  REQUIRE(xml->walk("a/b/c") == nullptr);
  std::vector<std::string> ids;
  xml->each("list", [&](const Xml& item) { ids.push_back(item.at("id")); });
  REQUIRE(ids == std::vector<std::string>{"i-1", "i-2"});
}

TEST_CASE("entities and plain sections become what they stand for", "[cloud]") {
  const auto xml = Xml::parse("<a>&lt;&gt;&quot;&apos;&#65;&#x20ac;<![CDATA[<&]]></a>");
  REQUIRE(xml->text == "<>\"'A\xe2\x82\xac<&");
}

TEST_CASE("what is no XML, or wants too much, is refused", "[cloud]") {
  for (const char* text :
       {"", "<", "<a", "<a>", "<a></b>", "<a/><b/>", "text", "<a b></a>", "<a b=c/>", "<a b='c/>",
        "<a>&</a>", "<a>&nbsp;</a>", "<a>&#x110000;</a>", "<a>&#;</a>", "<!DOCTYPE a []><a/>",
        "<a><!-- </a>", "<a><![CDATA[</a>", "<?xml", "</a>"})
    CHECK_FALSE(Xml::parse(text));
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "<a>";
  CHECK(Xml::parse(deep).error().text == "xml: too deep");
  std::string wide = "<a>";
  for (int i = 0; i < 100'001; ++i) wide += "<b/>";
  CHECK(Xml::parse(wide + "</a>").error().text == "xml: too many elements");
}

}  // namespace scaler::cloud
