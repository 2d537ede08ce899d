#include "roles/network_backend.hpp"

#include <catch2/catch.hpp>

namespace scaler::roles {

TEST_CASE("a worker speaks ZMTP first unless the environment names YMQ", "[roles]") {
  REQUIRE(first_protocol(std::nullopt) == net::Protocol::zmtp);
  REQUIRE(first_protocol("tcp_zmq") == net::Protocol::zmtp);
  REQUIRE(first_protocol("zmq") == net::Protocol::zmtp);
  REQUIRE(first_protocol("ymq") == net::Protocol::ymq);
}

TEST_CASE("an unknown network backend does not keep a worker from starting", "[roles]") {
  REQUIRE(first_protocol("carrier pigeon") == net::Protocol::zmtp);
  REQUIRE(first_protocol("") == net::Protocol::zmtp);
}

}  // namespace scaler::roles
