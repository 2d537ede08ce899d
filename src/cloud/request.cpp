#include "scaler/cloud/request.hpp"

#include <fmt/format.h>

#include "scaler/base/assert.hpp"

namespace scaler::cloud {

namespace {

constexpr std::string_view plain = "http://";
constexpr std::string_view encrypted = "https://";

std::string_view host_part(Service service) {
  switch (service) {
    case Service::ecs:
      return "ecs";
    case Service::iam:
      return "iam";
    case Service::ec2:
      return "ec2";
  }
  SCALER_ASSERT(false, "a service without a name");
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() < 64 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

// IAM is one for all regions of a partition, and signed for one of them.
Endpoint own_endpoint(Service service, const std::string& region) {
  const bool china = region.starts_with("cn-");
  const bool government = region.starts_with("us-gov-");
  Endpoint endpoint;
  endpoint.region = region;
  if (service != Service::iam) {
    endpoint.host = fmt::format("{}.{}.amazonaws.com", host_part(service), region);
  } else if (government) {
    endpoint.region = "us-gov-west-1";
    endpoint.host = "iam.us-gov.amazonaws.com";
  } else {
    endpoint.region = china ? "cn-north-1" : "us-east-1";
    endpoint.host = china ? "iam.cn-north-1.amazonaws.com" : "iam.amazonaws.com";
  }
  if (china) endpoint.host += ".cn";
  endpoint.address = {Address::Scheme::tcp, endpoint.host, 443, ""};
  return endpoint;
}

}  // namespace

std::optional<std::string> Surroundings::variable(const std::string& name) const {
  auto value = environment(name);
  if (value && value->empty()) value.reset();
  return value;
}

std::string_view name_of(Service service) {
  switch (service) {
    case Service::ecs:
      return "ECS";
    case Service::iam:
      return "IAM";
    case Service::ec2:
      return "EC2";
  }
  SCALER_ASSERT(false, "a service without a name");
}

Result<Endpoint> parse_endpoint(const std::string& url) {
  Endpoint endpoint;
  endpoint.is_encrypted = url.starts_with(encrypted);
  if (!endpoint.is_encrypted && !url.starts_with(plain))
    return Error{Errc::usage,
                 fmt::format("'{}': an address such as https://host:port is expected", url)};
  const std::size_t begin = (endpoint.is_encrypted ? encrypted : plain).size();
  const std::size_t slash = url.find('/', begin);
  endpoint.host = url.substr(begin, slash == std::string::npos ? slash : slash - begin);
  if (slash != std::string::npos) endpoint.path = url.substr(slash);
  if (endpoint.path.find_first_of(" ?#%\r\n") != std::string::npos)
    return Error{Errc::usage, fmt::format("'{}': only a plain path may follow the host", url)};
  const bool has_port = endpoint.host.find(':', endpoint.host.rfind(']') + 1) != std::string::npos;
  auto address = Address::parse(fmt::format("tcp://{}{}", endpoint.host,
                                            has_port                ? ""
                                            : endpoint.is_encrypted ? ":443"
                                                                    : ":80"));
  if (!address) return std::move(address.error()).within(fmt::format("'{}'", url));
  endpoint.address = std::move(*address);
  return endpoint;
}

Result<Endpoint> endpoint_of(Service service, const std::string& region,
                             const Surroundings& machine) {
  if (!is_label(region))
    return Error{Errc::usage, fmt::format("'{}' is no AWS region, one is us-east-1", region)};
  Endpoint own = own_endpoint(service, region);
  for (const std::string& name :
       {fmt::format("AWS_ENDPOINT_URL_{}", name_of(service)), std::string("AWS_ENDPOINT_URL")}) {
    const auto url = machine.variable(name);
    if (!url) continue;
    auto endpoint = parse_endpoint(*url);
    if (!endpoint) return std::move(endpoint.error()).within(name);
    endpoint->region = own.region;
    return std::move(*endpoint);
  }
  return own;
}

std::string format(const HttpRequest& request) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nhost: {}\r\n", request.method,
                                 request.endpoint.path, request.endpoint.host);
  for (const Header& header : request.headers)
    text += fmt::format("{}: {}\r\n", header.name, header.value);
  return text + fmt::format("content-length: {}\r\nconnection: close\r\n\r\n{}",
                            request.body.size(), request.body);
}

}  // namespace scaler::cloud
