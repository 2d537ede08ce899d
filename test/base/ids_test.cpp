#include "scaler/base/ids.hpp"

#include <catch2/catch.hpp>

#include "base/md5.hpp"

namespace scaler {

TEST_CASE("md5 gives the digests of RFC 1321", "[base]") {
  REQUIRE(to_hex(md5(as_bytes(""))) == "d41d8cd98f00b204e9800998ecf8427e");
  REQUIRE(to_hex(md5(as_bytes("message digest"))) == "f96b697d7cb7938d525a2f31aaf161d0");
  REQUIRE(to_hex(md5(as_bytes("1234567890123456789012345678901234567890"
                              "1234567890123456789012345678901234567890"))) ==
          "57edf4a22be3c955ac49da2e2107b67a");
}

TEST_CASE("md5 pads right at every length around a block", "[base]") {
  // One 'a' more each time must change the digest; 55, 56 and 64 are where the padding changes
  // shape.
  std::string previous;
  for (std::size_t length = 50; length < 70; ++length) {
    const std::string digest = to_hex(md5(as_bytes(std::string(length, 'a'))));
    REQUIRE(digest != previous);
    previous = digest;
  }
  REQUIRE(to_hex(md5(as_bytes(std::string(64, 'a')))) == "014842d480b571495a4a0363793f7367");
}

TEST_CASE("a client's objects carry the md5 of its identity", "[base]") {
  const auto client =
      as_bytes("Client|890333c8bb57413f8e71576d3ad8cba3");  // seen from client 2.0.9
  REQUIRE(to_hex(owner_hash_of(client)) == "4fca05cce108af369d5505f382d3995d");
  REQUIRE(serializer_id_of(client).hex() ==
          "4fca05cce108af369d5505f382d3995d84f6fb7cd5cd53b5679489a29396448f");
}

TEST_CASE("an id is made only from bytes of its own length", "[base]") {
  REQUIRE(TaskId::from(as_bytes("0123456789abcdef")));
  REQUIRE_FALSE(TaskId::from(as_bytes("0123456789abcde")));
  REQUIRE_FALSE(ObjectId::from(as_bytes("0123456789abcdef")));
}

}  // namespace scaler
