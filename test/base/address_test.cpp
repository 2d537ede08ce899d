#include "scaler/base/address.hpp"

#include <catch2/catch.hpp>

namespace scaler {

TEST_CASE("addresses of the documents are read and written alike", "[base]") {
  for (const char* text :
       {"tcp://127.0.0.1:6378", "tcp://*:0", "tcp://localhost:65535", "tcp://[::1]:6378",
        "ipc:///tmp/monitor.sock", "ws://127.0.0.1:6378/", "ws://[::1]:80/scaler?a=b",
        "tls://10.0.0.1:6378", "tls://[::1]:80", "wss://here.example:443/scaler"}) {
    const auto address = Address::parse(text);
    REQUIRE(address);
    REQUIRE(address->to_string() == text);
  }
}

TEST_CASE("a WebSocket address without a path means the root", "[base]") {
  REQUIRE(Address::parse("ws://here:80")->to_string() == "ws://here:80/");
}

TEST_CASE("a wrong address is refused with the part that is wrong", "[base]") {
  const std::pair<const char*, const char*> cases[] = {
      {"127.0.0.1:80", "'://' is missing"}, {"http://a:80", "the scheme 'http'"},
      {"tcp://a", "the port is missing"},   {"tcp://a:", "the port ''"},
      {"tcp://a:x", "the port 'x'"},        {"tcp://a:65536", "0 to 65535"},
      {"tcp://a:-1", "0 to 65535"},         {"tcp://:80", "the host is empty"},
      {"tcp://::1:80", "in brackets"},      {"tcp://[::1]", "the port is missing"},
      {"tcp://[::1:80", "no matching ']'"}, {"ipc://", "the path is empty"},
      {"tcp://a b:80", "no host name has"}, {"", "'://' is missing"},
      {"ws://a/b", "the port is missing"},  {"ws://a:80/b c", "no URL has"},
      {"wss://a/b", "the port is missing"}, {"tls://a:80/b", "the port '80/b'"},
      {"TLS://a:80", "the scheme 'TLS'"},   {"ws://a:80/\r\nHost: b", "no URL has"},
  };
  for (const auto& [text, part] : cases) {
    const auto address = Address::parse(text);
    REQUIRE_FALSE(address);
    REQUIRE(address.error().code == Errc::usage);
    REQUIRE_THAT(address.error().text, Catch::Contains(part));
  }
  REQUIRE_FALSE(Address::parse("ipc://" + std::string(108, 'a')));
}

}  // namespace scaler
