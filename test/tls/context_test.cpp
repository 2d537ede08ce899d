#include "scaler/tls/context.hpp"

#include <catch2/catch.hpp>

#include "support/tls_credentials.hpp"

namespace scaler::tls {

namespace {

using support::elliptic;
using support::rsa;
using support::within_their_time;

constexpr std::int64_t in_2020 = 1577836800;
constexpr std::int64_t in_2130 = 5049129600;

std::string why_not(const Credentials& credentials, std::int64_t now = within_their_time) {
  const auto context = Context::make(credentials, now);
  if (context) return "";
  CHECK(context.error().code == Errc::usage);
  return context.error().text;
}

}  // namespace

TEST_CASE("a certificate with its key can listen, nothing at all can connect", "[tls]") {
  REQUIRE(Context::make(elliptic, within_their_time).value()->can_listen());
  REQUIRE(Context::make(rsa, within_their_time).value()->can_listen());
  REQUIRE_FALSE(Context::make(std::nullopt, within_their_time).value()->can_listen());
}

TEST_CASE("what is wrong with credentials is said of the file that is wrong", "[tls]") {
  Credentials mixed = elliptic;
  mixed.key = rsa.key;
  REQUIRE(why_not(mixed) == "ec.key: not the key of the certificate ec.pem");
  Credentials no_key = elliptic;
  no_key.key = elliptic.certificate;
  REQUIRE(why_not(no_key) == "ec.key: not a private key in PEM form");
  for (const std::string& text :
       {std::string(), elliptic.key, elliptic.certificate.substr(0, 200), std::string(100, '\0')}) {
    Credentials no_certificate = elliptic;
    no_certificate.certificate = text;
    REQUIRE(why_not(no_certificate) == "ec.pem: not a certificate in PEM form");
  }
}

TEST_CASE("a key with a password is told apart from no key", "[tls]") {
  Credentials locked = rsa;
  locked.key =
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
      "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAAAAAAAAAAAAAAAAAAAA==\n"
      "-----END RSA PRIVATE KEY-----\n";
  REQUIRE(why_not(locked) == "rsa.key: the key has a password; give one without");
}

TEST_CASE("a certificate counts within its dates only", "[tls]") {
  REQUIRE_THAT(why_not(elliptic, in_2130), Catch::StartsWith("ec.pem: the certificate was valid "
                                                             "until 2126-"));
  REQUIRE_THAT(why_not(elliptic, in_2020),
               Catch::StartsWith("ec.pem: the certificate is valid from 2026-11-21 "));
}

}  // namespace scaler::tls
