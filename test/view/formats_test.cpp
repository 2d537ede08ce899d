#include "scaler/view/formats.hpp"

#include <catch2/catch.hpp>

namespace scaler::view {

TEST_CASE("bytes are written in units of 1024, at both sides of each border", "[view]") {
  REQUIRE(bytes_text(0) == "0B");
  REQUIRE(bytes_text(1023) == "1023B");
  REQUIRE(bytes_text(1024) == "1K");
  REQUIRE(bytes_text(1536) == "1K");
  REQUIRE(bytes_text((1 << 20) - 1) == "1023K");
  REQUIRE(bytes_text(1 << 20) == "1.0M");
  REQUIRE(bytes_text(41943040) == "40.0M");
  REQUIRE(bytes_text((1 << 30) - (1 << 19)) == "1023.5M");
  REQUIRE(bytes_text(1 << 30) == "1.0G");
  REQUIRE(bytes_text(22226455757) == "20.7G");
  REQUIRE(bytes_text(std::uint64_t{1} << 40) == "1.0T");
  REQUIRE(bytes_text(std::uint64_t{1} << 50) == "1.0P");
  REQUIRE(bytes_text(std::uint64_t{1} << 60) == "1.0E");
  REQUIRE(bytes_text(~std::uint64_t{0}) == "16.0E");
}

TEST_CASE("counts have a comma at each thousand", "[view]") {
  REQUIRE(count_text(0) == "0");
  REQUIRE(count_text(999) == "999");
  REQUIRE(count_text(1000) == "1,000");
  REQUIRE(count_text(53704) == "53,704");
  REQUIRE(count_text(999999) == "999,999");
  REQUIRE(count_text(1000000) == "1,000,000");
  REQUIRE(count_text(~std::uint64_t{0}) == "18,446,744,073,709,551,615");
}

TEST_CASE("a share of a core is a percentage with one decimal", "[view]") {
  REQUIRE(percent_text(0) == "0.0%");
  REQUIRE(percent_text(5) == "0.5%");
  REQUIRE(percent_text(999) == "99.9%");
  REQUIRE(percent_text(1000) == "100.0%");
  REQUIRE(percent_text(1234) == "123.4%");
}

TEST_CASE("lag is written in milliseconds, then in whole seconds", "[view]") {
  REQUIRE(lag_text(0) == "0.0ms");
  REQUIRE(lag_text(90) == "0.1ms");
  REQUIRE(lag_text(999) == "1.0ms");
  REQUIRE(lag_text(1000) == "1ms");
  REQUIRE(lag_text(1500) == "1ms");
  REQUIRE(lag_text(999'999) == "999ms");
  REQUIRE(lag_text(1'000'000) == "1s");
  REQUIRE(lag_text(2'500'000) == "2s");
  REQUIRE(lag_text(1'000'999'999) == "1000s");
  REQUIRE(lag_text(1'001'000'000) == "1001+s");
}

TEST_CASE("what was not seen for more than a minute was not seen for 60+s", "[view]") {
  REQUIRE(seen_text(0) == "0s");
  REQUIRE(seen_text(7) == "7s");
  REQUIRE(seen_text(60) == "60s");
  REQUIRE(seen_text(61) == "60+s");
  REQUIRE(seen_text(255) == "60+s");
}

TEST_CASE("megabytes are decimal and truncated", "[view]") {
  REQUIRE(megabytes_of(999'999) == 0);
  REQUIRE(megabytes_of(1'000'000) == 1);
  REQUIRE(megabytes_of(61'999'999) == 61);
}

TEST_CASE("a name cannot steer a terminal, and is UTF-8 whatever its bytes", "[view]") {
  REQUIRE(display_text("Worker|FIX|1") == "Worker|FIX|1");
  REQUIRE(display_text("\x1b[31m\n") == "\ufffd[31m\ufffd");
  REQUIRE(display_text("\x7f\xc2\x9b") == "\ufffd\ufffd");        // DEL; CSI of one character
  REQUIRE(display_text("\x9b\xff") == "\ufffd\ufffd");            // no UTF-8
  REQUIRE(display_text("a\u202eb\u200bc") == "a\ufffdb\ufffdc");  // right to left; shows nothing
  REQUIRE(display_text("\u00fcber\u6f22") == "\u00fcber\u6f22");
}

}  // namespace scaler::view
