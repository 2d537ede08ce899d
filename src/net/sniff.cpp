#include "net/sniff.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "scaler/base/ids.hpp"

namespace scaler::net {
namespace {

constexpr std::byte zmtp_first{0xff};
constexpr std::byte ymq_first{0x59};
constexpr std::byte websocket_first{0x47};  // "G" of "GET "
constexpr std::byte tls_first{0x16};
constexpr std::size_t store_bytes = 4;  // one byte is not enough there: a length may begin with 59

const char* likely_mistake(PortKind kind, ByteView bytes) {
  if (kind == PortKind::store && bytes[0] == zmtp_first)
    return "; a ZeroMQ peer: is this meant for the scheduler's port?";
  if (bytes[0] == tls_first)
    return "; a TLS client: this port does not encrypt, its address begins with tcp:// or ws://";
  const std::string_view text = as_text(bytes);
  if (text.starts_with("PO") || text.starts_with("PU") || text.starts_with("HE"))
    return "; an HTTP client: this port speaks WebSocket only";
  if (text.starts_with("SS")) return "; an SSH client";
  return "";
}

Error unknown(PortKind kind, ByteView bytes) {
  return {Errc::protocol, fmt::format("its first bytes are of no protocol of this port: {}{}",
                                      to_hex(bytes.first(std::min<std::size_t>(bytes.size(), 16))),
                                      likely_mistake(kind, bytes))};
}

bool is_zero(std::byte byte) { return byte == std::byte{0}; }

}  // namespace

Result<std::optional<Protocol>> recognise(PortKind kind, ByteView bytes) {
  if (bytes.empty()) return std::optional<Protocol>{};
  if (kind == PortKind::scheduler) {
    if (bytes[0] == zmtp_first) return std::optional(Protocol::zmtp);
    if (bytes[0] == ymq_first) return std::optional(Protocol::ymq);
    if (bytes[0] == websocket_first) return std::optional(Protocol::websocket);
    return unknown(kind, bytes);
  }
  // ZMTP's signature reads like an old identity of 255 bytes, which nobody has.
  if (bytes[0] == zmtp_first) return unknown(kind, bytes);
  if (bytes.size() < store_bytes) return std::optional<Protocol>{};
  if (equal(bytes.first(store_bytes), as_bytes("YMQ\x01"))) return std::optional(Protocol::ymq);
  if (equal(bytes.first(store_bytes), as_bytes("GET "))) return std::optional(Protocol::websocket);
  if (std::ranges::all_of(bytes.subspan(1, 3), is_zero)) return std::optional(Protocol::store_1_12);
  return unknown(kind, bytes);
}

}  // namespace scaler::net
