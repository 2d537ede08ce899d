#include "scaler/cloud/signer.hpp"

#include <catch2/catch.hpp>

namespace scaler::cloud {

namespace {

// The requests of AWS's published test suite for Signature Version 4.
HttpRequest suite_request(std::string method) {
  HttpRequest request;
  request.method = std::move(method);
  request.endpoint.host = "example.amazonaws.com";
  request.endpoint.region = "us-east-1";
  return request;
}

constexpr std::int64_t in_2015 = 1440938160;  // 20150830T123600Z

Credentials suite_credentials() {
  return {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
}

std::string authorization_of(HttpRequest request, const Credentials& credentials) {
  sign(request, credentials, "service", in_2015);
  REQUIRE(request.headers.back().name == "authorization");
  return request.headers.back().value;
}

std::string expected(const std::string& headers, const std::string& signature) {
  return "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
         "SignedHeaders=" +
         headers + ", Signature=" + signature;
}

}  // namespace

TEST_CASE("the published requests get the published signatures", "[cloud]") {
  CHECK(authorization_of(suite_request("GET"), suite_credentials()) ==  // get-vanilla
        expected("host;x-amz-date",
                 "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"));
  CHECK(authorization_of(suite_request("POST"), suite_credentials()) ==  // post-vanilla
        expected("host;x-amz-date",
                 "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"));
  HttpRequest form = suite_request("POST");  // post-x-www-form-urlencoded
  form.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  form.body = "Param1=value1";
  CHECK(authorization_of(form, suite_credentials()) ==
        expected("content-type;host;x-amz-date",
                 "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"));
}

TEST_CASE("a session token is sent and signed", "[cloud]") {
  Credentials temporary = suite_credentials();  // post-sts-header-before
  temporary.token =
      "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSP"
      "fIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT"
      "7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlz"
      "m8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
  CHECK(authorization_of(suite_request("POST"), temporary) ==
        expected("host;x-amz-date;x-amz-security-token",
                 "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"));
}

TEST_CASE("a digest is the one of FIPS 180", "[cloud]") {
  REQUIRE(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace scaler::cloud
