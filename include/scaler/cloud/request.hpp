#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scaler/base/address.hpp"
#include "scaler/base/result.hpp"
#include "scaler/base/session.hpp"
#include "scaler/cloud/moment.hpp"

namespace scaler::cloud {

enum class Service : std::uint8_t { ecs, iam, ec2 };
std::string_view name_of(Service service);  // "ECS"

// Where a service is spoken to.
struct Endpoint {
  Address address;           // tcp://host:port
  bool is_encrypted = true;  // https
  std::string host;          // as the Host header says it
  std::string path = "/";
  std::string region;  // that signatures name
};

// "https://host[:port][/path]"
Result<Endpoint> parse_endpoint(const std::string& url);
// AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, or the service's own in this region.
Result<Endpoint> endpoint_of(Service service, const std::string& region,
                             const Surroundings& machine);

struct Header {
  std::string name;  // lower case
  std::string value;
};

// One HTTP request; Host, Content-Length and Connection are added when it is written.
struct HttpRequest {
  std::string method = "POST";
  Endpoint endpoint;
  std::vector<Header> headers;
  std::string body;
};
std::string format(const HttpRequest& request);

struct HttpResponse {
  int status = 0;
  std::string body;
};

// A connection's asking side, as a machine: one answer with a Content-Length or in chunks becomes
// one MessageReceived, without the chunks' lengths. Bounded, head and body.
std::unique_ptr<Session> make_response_session();
// Of what such a session received.
Result<HttpResponse> parse_response(std::string_view message);

}  // namespace scaler::cloud
