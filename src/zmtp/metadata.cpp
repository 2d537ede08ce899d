#include "zmtp/metadata.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/printable.hpp"

namespace scaler::zmtp {
namespace {

constexpr std::string_view socket_type_property = "Socket-Type";
constexpr std::string_view identity_property = "Identity";
constexpr std::string_view scaler_property = "X-Scaler";

// Which of the peer's socket types may talk to which of ours (RFC 28 and 29), and the pattern that
// it amounts to.
struct Pairing {
  SocketType local;
  std::string_view peer;
  SocketType pattern;
};
constexpr std::array pairings = {
    Pairing{SocketType::router, "DEALER", SocketType::dealer},
    Pairing{SocketType::router, "REQ", SocketType::dealer},
    Pairing{SocketType::router, "ROUTER", SocketType::router},
    Pairing{SocketType::dealer, "ROUTER", SocketType::router},
    Pairing{SocketType::dealer, "REP", SocketType::router},
    Pairing{SocketType::dealer, "DEALER", SocketType::dealer},
    Pairing{SocketType::pub, "SUB", SocketType::sub},
    Pairing{SocketType::pub, "XSUB", SocketType::sub},
    Pairing{SocketType::sub, "PUB", SocketType::pub},
    Pairing{SocketType::sub, "XPUB", SocketType::pub},
};

constexpr std::string_view name_of(SocketType type) {
  switch (type) {
    case SocketType::router:
      return "ROUTER";
    case SocketType::dealer:
      return "DEALER";
    case SocketType::pub:
      return "PUB";
    case SocketType::sub:
      return "SUB";
  }
  return "?";
}

Result<SocketType> pattern_of(ByteView peer_type, SocketType local) {
  for (const Pairing& pairing : pairings)
    if (pairing.local == local && as_text(peer_type) == pairing.peer) return pairing.pattern;
  return Error{Errc::protocol, fmt::format("the peer is a {} socket, which cannot talk to our {}",
                                           printable(peer_type), name_of(local))};
}

bool same_name(ByteView a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::ranges::equal(as_text(a), b, {}, lower, lower);
}

void append_property(Buffer& to, std::string_view name, ByteView value) {
  const auto name_bytes = static_cast<std::byte>(name.size());
  std::array<std::byte, 4> value_bytes{};
  store_be32(value_bytes.data(), static_cast<std::uint32_t>(value.size()));
  to.append({&name_bytes, 1});
  to.append(as_bytes(name));
  to.append(value_bytes);
  to.append(value);
}

struct Property {
  ByteView name;
  ByteView value;
};

// Cuts one property off the front of `data`.
Result<Property> take_property(ByteView& data) {
  const Error cut{Errc::protocol, "a property in READY passes its end"};
  const auto name_bytes = std::to_integer<std::size_t>(data[0]);
  data = data.subspan(1);
  if (name_bytes == 0) return Error{Errc::protocol, "a property in READY has no name"};
  if (data.size() < name_bytes + 4) return cut;
  const ByteView name = data.first(name_bytes);
  std::size_t value_bytes = 0;
  for (const std::byte byte : data.subspan(name_bytes, 4))
    value_bytes = value_bytes << 8 | std::to_integer<std::size_t>(byte);
  data = data.subspan(name_bytes + 4);
  if (data.size() < value_bytes) return cut;
  const ByteView value = data.first(value_bytes);
  data = data.subspan(value_bytes);
  return Property{name, value};
}

}  // namespace

Bytes make_metadata(const Metadata& ours) {
  Buffer data;
  append_property(data, socket_type_property, as_bytes(name_of(ours.socket_type)));
  if (ours.socket_type == SocketType::router || ours.socket_type == SocketType::dealer)
    append_property(data, identity_property, ours.identity);
  if (ours.speaks_scaler) append_property(data, scaler_property, as_bytes("1"));
  return std::move(data).freeze();
}

Result<PeerReady> parse_metadata(ByteView data, SocketType local, std::size_t identity_bytes_max) {
  PeerReady peer;
  while (!data.empty()) {
    SCALER_TRY(property, take_property(data));
    if (same_name(property.name, socket_type_property)) {
      SCALER_TRY(pattern, pattern_of(property.value, local));
      peer.socket_type = pattern;
    } else if (same_name(property.name, identity_property)) {
      if (property.value.size() > identity_bytes_max)
        return Error{Errc::too_large, fmt::format("an identity of {} bytes, the limit is {}",
                                                  property.value.size(), identity_bytes_max)};
      peer.identity = Bytes::copy_of(property.value);
    } else if (same_name(property.name, scaler_property)) {
      peer.speaks_scaler = true;
    }
  }
  if (!peer.socket_type) return Error{Errc::protocol, "READY without a Socket-Type"};
  return peer;
}

}  // namespace scaler::zmtp
