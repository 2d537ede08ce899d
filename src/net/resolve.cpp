#include "net/resolve.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <uv.h>

#include <utility>

#include "scaler/base/assert.hpp"

namespace scaler::net {
namespace {

addrinfo hints() {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  return wanted;
}

Error unresolved(const Address& address, const char* why) {
  return {Errc::unavailable, fmt::format("{}: the host name '{}' has no address: {}",
                                         address.to_string(), address.host, why)};
}

SocketAddresses addresses_of(const addrinfo* list, std::uint16_t port) {
  SocketAddresses found;
  for (; list != nullptr; list = list->ai_next) {
    if (list->ai_family != AF_INET && list->ai_family != AF_INET6) continue;
    found.push_back(SocketAddress::copy_of(list->ai_addr, list->ai_addrlen));
    found.back().set_port(port);
  }
  return found;
}

std::optional<SocketAddress> literal(const char* host, std::uint16_t port) {
  SocketAddress address;
  if (uv_ip4_addr(host, port, &address.v4) == 0) {
    address.length = sizeof address.v4;
    return address;
  }
  if (uv_ip6_addr(host, port, &address.v6) == 0) {
    address.length = sizeof address.v6;
    return address;
  }
  return std::nullopt;
}

// RFC 6761: "localhost" is the loopback, also on a machine without a hosts file.
std::optional<SocketAddresses> well_known(const Address& address) {
  if (address.host != "localhost") return std::nullopt;
  return SocketAddresses{*literal("127.0.0.1", address.port)};
}

}  // namespace

std::optional<SocketAddresses> without_lookup(const Address& address, Purpose purpose) {
  if (address.scheme == Address::Scheme::ipc)
    return SocketAddresses{SocketAddress::of_path(address.path)};
  if (address.host == "*") {
    const bool all = purpose == Purpose::listen;
    return SocketAddresses{*literal(all ? "::" : "::1", address.port),
                           *literal(all ? "0.0.0.0" : "127.0.0.1", address.port)};
  }
  if (auto found = literal(address.host.c_str(), address.port)) return SocketAddresses{*found};
  return std::nullopt;
}

Result<SocketAddresses> resolve_now(const Address& address) {
  const addrinfo wanted = hints();
  addrinfo* list = nullptr;
  const int status = getaddrinfo(address.host.c_str(), nullptr, &wanted, &list);
  if (status != 0) {
    if (auto loopback = well_known(address)) return std::move(*loopback);
    return unresolved(address, gai_strerror(status));
  }
  SocketAddresses found = addresses_of(list, address.port);
  freeaddrinfo(list);
  if (found.empty()) return unresolved(address, "none of a known family");
  return found;
}

// Belongs to libuv until its callback has run.
struct Lookup::Request {
  uv_getaddrinfo_t uv{};
  Address address;
  Done done;  // empty once the Lookup is gone

  void finish(int status, addrinfo* list) {
    if (!done) return;
    if (status != 0) {
      if (auto loopback = well_known(address)) return done(std::move(*loopback));
      return done(unresolved(address, uv_strerror(status)));
    }
    SocketAddresses found = addresses_of(list, address.port);
    if (found.empty()) return done(unresolved(address, "none of a known family"));
    done(std::move(found));
  }
};

Lookup::Lookup(Loop& loop, const Address& address, Done done)
    : request_(new Request{{}, address, std::move(done)}) {
  request_->uv.data = this;
  const addrinfo wanted = hints();
  const auto answered = [](uv_getaddrinfo_t* raw, int status, addrinfo* list) {
    // The request is freed first: `done` may destroy the Lookup.
    auto* request = reinterpret_cast<Request*>(raw);
    if (request->done) static_cast<Lookup*>(raw->data)->request_ = nullptr;
    request->finish(status, list);
    uv_freeaddrinfo(list);
    delete request;
  };
  const int status = uv_getaddrinfo(loop.raw(), &request_->uv, answered,
                                    request_->address.host.c_str(), nullptr, &wanted);
  SCALER_ASSERT(status == 0, uv_strerror(status));  // only for arguments that are too long
}

Lookup::~Lookup() {
  if (request_ == nullptr) return;
  request_->done = nullptr;
  uv_cancel(reinterpret_cast<uv_req_t*>(&request_->uv));
}

}  // namespace scaler::net
