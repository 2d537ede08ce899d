#include "scaler/base/address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace scaler {
namespace {

using Scheme = Address::Scheme;

constexpr std::array<std::pair<std::string_view, Scheme>, 5> schemes{{{"tcp", Scheme::tcp},
                                                                      {"ipc", Scheme::ipc},
                                                                      {"ws", Scheme::ws},
                                                                      {"tls", Scheme::tls},
                                                                      {"wss", Scheme::wss}}};

std::optional<Scheme> scheme_named(std::string_view name) {
  for (const auto& [known, scheme] : schemes)
    if (known == name) return scheme;
  return std::nullopt;
}

Error wrong(std::string_view text, std::string_view what) {
  return {Errc::usage,
          fmt::format("'{}' is not an address: {} (expected for example tcp://127.0.0.1:6378 or "
                      "ipc:///tmp/scaler.sock)",
                      text, what)};
}

Result<Address> parse_host_and_port(std::string_view text, std::string_view rest) {
  Address address;
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return wrong(text, "'[' has no matching ']'");
    address.host = rest.substr(1, end - 1);
    if (end + 1 >= rest.size() || rest[end + 1] != ':') return wrong(text, "the port is missing");
    port = rest.substr(end + 2);
  } else {
    const std::size_t colon = rest.rfind(':');
    if (colon == std::string_view::npos) return wrong(text, "the port is missing");
    address.host = rest.substr(0, colon);
    port = rest.substr(colon + 1);
    if (address.host.find(':') != std::string::npos)
      return wrong(text, "an IPv6 host is written in brackets, tcp://[::1]:6378");
  }
  if (address.host.empty()) return wrong(text, "the host is empty");
  if (address.host.size() > 253) return wrong(text, "the host is longer than 253 characters");
  if (address.host.find_first_of("/ \t\r\n\0") != std::string::npos)
    return wrong(text, "the host has a character that no host name has");
  unsigned number = 0;
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (failure != std::errc{} || end != port.data() + port.size() || number > 65535)
    return wrong(text, fmt::format("the port '{}' is not a number from 0 to 65535", port));
  address.port = static_cast<std::uint16_t>(number);
  return address;
}

// What stands in a request line has no space and no control character.
bool is_part_of_url(char character) { return character > ' ' && character < 0x7f; }

Result<Address> parse_ws(std::string_view text, std::string_view rest) {
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  SCALER_TRY(address, parse_host_and_port(text, rest.substr(0, slash)));
  address.path = slash == rest.size() ? "/" : rest.substr(slash);
  if (!std::all_of(address.path.begin(), address.path.end(), is_part_of_url))
    return wrong(text, "the path has a character that no URL has");
  return address;
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  const std::size_t mark = text.find("://");
  if (mark == std::string_view::npos) return wrong(text, "'://' is missing");
  const std::string_view name = text.substr(0, mark);
  const std::string_view rest = text.substr(mark + 3);
  const auto scheme = scheme_named(name);
  if (!scheme)
    return wrong(text, fmt::format("the scheme '{}' is not tcp, tls, ws, wss or ipc", name));
  if (*scheme != Scheme::ipc) {
    const bool has_path = *scheme == Scheme::ws || *scheme == Scheme::wss;
    SCALER_TRY(address, has_path ? parse_ws(text, rest) : parse_host_and_port(text, rest));
    address.scheme = *scheme;
    return address;
  }
  if (rest.empty()) return wrong(text, "the path is empty");
  if (rest.size() > 107)
    return wrong(text, "the path is longer than the 107 bytes of a Unix socket");
  if (rest.find('\0') != std::string_view::npos) return wrong(text, "the path holds a zero byte");
  Address address;
  address.scheme = Scheme::ipc;
  address.path = rest;
  return address;
}

Address Address::told(std::string_view scheme, std::string host, std::uint16_t port) {
  Address address{scheme_named(scheme).value_or(Scheme::tcp), std::move(host), port, {}};
  if (address.scheme == Scheme::ipc) address.scheme = Scheme::tcp;  // it has a host and a port
  if (address.is_websocket()) address.path = "/";
  return address;
}

std::string_view Address::scheme_name() const {
  for (const auto& [name, known] : schemes)
    if (known == scheme) return name;
  return "";
}

std::string Address::to_string() const {
  const std::string begin = std::string(scheme_name()) + "://";
  return begin + (scheme == Scheme::ipc ? path : host_and_port() + path);
}

std::string Address::host_and_port() const {
  const bool literal6 = host.find(':') != std::string::npos;
  return literal6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace scaler
