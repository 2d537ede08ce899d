#include "scaler/cloud/request.hpp"

#include <catch2/catch.hpp>

#include "cloud/machine.hpp"
#include "support/session_drive.hpp"

namespace scaler::cloud {

namespace {

std::string host_of(Service service, const std::string& region) {
  const FakeSurroundings none;
  return endpoint_of(service, region, none.machine()).value().host;
}

std::string heard(std::string_view bytes, std::size_t piece) {
  const auto session = make_response_session();
  std::vector<std::string> lines;
  support::feed(*session, bytes, lines, piece);
  return lines.empty() ? "" : lines.front();
}

}  // namespace

TEST_CASE("each service has its host in each region", "[cloud]") {
  CHECK(host_of(Service::ecs, "eu-west-1") == "ecs.eu-west-1.amazonaws.com");
  CHECK(host_of(Service::ec2, "cn-north-1") == "ec2.cn-north-1.amazonaws.com.cn");
  CHECK(host_of(Service::iam, "eu-west-1") == "iam.amazonaws.com");
  CHECK(host_of(Service::iam, "us-gov-east-1") == "iam.us-gov.amazonaws.com");
  CHECK(host_of(Service::iam, "cn-northwest-1") == "iam.cn-north-1.amazonaws.com.cn");
  const FakeSurroundings none;
  const Endpoint own = endpoint_of(Service::iam, "eu-west-1", none.machine()).value();
  CHECK(own.region == "us-east-1");  // that it is signed for
  CHECK(own.is_encrypted);
  CHECK(own.address.port == 443);
  for (const char* region : {"", "a b", "eu-west-1.evil.org/", "EU"})
    CHECK(endpoint_of(Service::ecs, region, none.machine()).error().code == Errc::usage);
}

TEST_CASE("variables lead elsewhere, the service's own before the common one", "[cloud]") {
  FakeSurroundings machine;
  machine.variables = {{"AWS_ENDPOINT_URL", "http://127.0.0.1:5000"},
                       {"AWS_ENDPOINT_URL_IAM", "https://[::1]/iam"}};
  const Endpoint ecs = endpoint_of(Service::ecs, "eu-west-1", machine.machine()).value();
  CHECK(ecs.host == "127.0.0.1:5000");
  CHECK_FALSE(ecs.is_encrypted);
  CHECK(ecs.region == "eu-west-1");
  const Endpoint iam = endpoint_of(Service::iam, "eu-west-1", machine.machine()).value();
  CHECK(iam.host == "[::1]");
  CHECK(iam.path == "/iam");
  CHECK(iam.address.port == 443);
  machine.variables["AWS_ENDPOINT_URL"] = "ftp://x";
  CHECK(endpoint_of(Service::ecs, "eu-west-1", machine.machine()).error().text ==
        "AWS_ENDPOINT_URL: 'ftp://x': an address such as https://host:port is expected");
}

TEST_CASE("a request is written with its host and its length", "[cloud]") {
  HttpRequest request;
  request.endpoint.host = "h:1";
  request.headers = {{"a", "b"}};
  request.body = "xyz";
  CHECK(format(request) ==
        "POST / HTTP/1.1\r\nhost: h:1\r\na: b\r\ncontent-length: 3\r\nconnection: "
        "close\r\n\r\nxyz");
}

TEST_CASE("an answer is the same however it is cut, with a length or in chunks", "[cloud]") {
  const std::string head = "HTTP/1.1 200 OK\r\nX: y\r\n";
  for (const std::string& bytes :
       {head + "Content-Length: 11\r\n\r\nhello world",
        head + "Transfer-Encoding:  Chunked \r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: "
               "u\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n" + head + "content-length:11\r\n\r\nhello worldrest"})
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
      const std::string line = heard(bytes, piece);
      REQUIRE(line.starts_with("message "));
      const auto response = parse_response(line.substr(8));
      REQUIRE(response->status == 200);
      REQUIRE(response->body == "hello world");
    }
  REQUIRE(heard("HTTP/1.1 204 No Content\r\n\r\n", 3).starts_with("message "));
}

TEST_CASE("an answer that lies or does not end is refused", "[cloud]") {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  for (const std::string& bytes :
       {std::string("SSH-2.0-x\r\n\r\n"), head + "\r\n", head + "Content-Length: -1\r\n\r\n",
        head + "Content-Length: 5000000\r\n\r\n",
        head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        head + "Transfer-Encoding: gzip\r\n\r\n", head + "nonsense\r\n\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc", head + std::string(20'000, 'a'),
        head + "Transfer-Encoding: chunked\r\n\r\n" + std::string(2'000, '1')})
    CHECK(heard(bytes, bytes.size()).starts_with("error http: "));
}

}  // namespace scaler::cloud
