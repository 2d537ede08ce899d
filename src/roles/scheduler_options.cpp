#include "roles/scheduler_options.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>

#include <memory>

#include "scaler/base/random.hpp"

namespace scaler::roles {
namespace {

std::string text_of(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET)
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof text);
  else
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, text,
              sizeof text);
  return text;
}

// The first IPv4 address of an interface that is up and not the loopback; else the loopback.
std::string address_of_this_machine() {
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) return "127.0.0.1";
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(raw, freeifaddrs);
  for (const ifaddrs* one = list.get(); one != nullptr; one = one->ifa_next) {
    const bool usable = (one->ifa_flags & IFF_UP) != 0 && (one->ifa_flags & IFF_LOOPBACK) == 0;
    if (usable && one->ifa_addr != nullptr && one->ifa_addr->sa_family == AF_INET)
      return text_of(one->ifa_addr);
  }
  return "127.0.0.1";
}

bool is_literal(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  return inet_pton(AF_INET, host.c_str(), &v4) == 1 || inet_pton(AF_INET6, host.c_str(), &v6) == 1;
}

scheduler::ScalingOptions scaling_of(const config::PolicyOptions& policy) {
  scheduler::ScalingOptions scaling;
  scaling.policy = static_cast<scheduler::ScalingPolicy>(policy.scaling);
  for (const config::WaterfallRule& rule : policy.waterfall)
    scaling.waterfall.push_back({rule.priority, rule.worker_manager_id, rule.max_task_concurrency});
  return scaling;
}

static_assert(static_cast<int>(config::ScalingPolicy::waterfall) ==
              static_cast<int>(scheduler::ScalingPolicy::waterfall));

}  // namespace

Address neighbour_of(const Address& address, std::uint16_t distance) {
  Address neighbour = address;
  if (address.scheme == Address::Scheme::ipc)
    neighbour.path += fmt::format(".{}", distance);
  else if (address.port != 0)
    neighbour.port = address.port + distance > 65535
                         ? std::uint16_t{0}
                         : static_cast<std::uint16_t>(address.port + distance);
  return neighbour;
}

Result<Address> advertised_address(const Address& address) {
  Address advertised = address;
  if (address.scheme == Address::Scheme::ipc)
    return Error{Errc::usage,
                 fmt::format("object storage at {}: peers can only be told a tcp address",
                             address.to_string())};
  if (address.host == "*" || address.host == "0.0.0.0" || address.host == "::") {
    advertised.host = address_of_this_machine();
    return advertised;
  }
  if (is_literal(address.host)) return advertised;
  if (address.host == "localhost") {  // RFC 6761: also on a machine without a hosts file
    advertised.host = "127.0.0.1";
    return advertised;
  }

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  if (const int failure = getaddrinfo(address.host.c_str(), nullptr, &hints, &raw); failure != 0)
    return Error{Errc::unavailable, fmt::format("{}: the name cannot be resolved: {}",
                                                address.to_string(), gai_strerror(failure))};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(raw, freeaddrinfo);
  const addrinfo* chosen = list.get();
  for (const addrinfo* one = chosen; one != nullptr; one = one->ai_next)
    if (one->ai_family == AF_INET) {
      chosen = one;
      break;
    }
  advertised.host = text_of(chosen->ai_addr);
  return advertised;
}

scheduler::Options core_options_of(const config::SchedulerOptions& options,
                                   const Address& advertised_storage) {
  scheduler::Options core;
  core.advertised_storage = {advertised_storage.host, advertised_storage.port,
                             std::string(advertised_storage.scheme_name())};
  core.is_protected = options.is_protected;
  core.tasks_waiting_max = options.max_number_of_tasks_waiting;
  core.client_timeout = std::chrono::seconds(options.client_timeout_seconds);
  core.worker_timeout = std::chrono::seconds(options.worker_timeout_seconds);
  core.object_retention = std::chrono::seconds(options.object_retention_seconds);
  core.allocation = options.policy.allocate == config::AllocatePolicy::capability
                        ? scheduler::Allocation::capability
                        : scheduler::Allocation::even_load;
  core.scaling = scaling_of(options.policy);
  core.load_balance_interval = std::chrono::seconds(options.load_balance_seconds);
  core.load_balance_trigger_times = static_cast<std::uint32_t>(options.load_balance_trigger_times);
  core.random_seed = Random::from_system().next();
  return core;
}

}  // namespace scaler::roles
