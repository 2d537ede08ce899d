#include "base/websocket_upgrade.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/printable.hpp"
#include "base/sha1.hpp"

namespace scaler::websocket {

namespace {

constexpr std::string_view end_of_line = "\r\n";
constexpr std::string_view version = "13";
constexpr std::size_t key_characters = 24;  // 16 bytes in base64
constexpr std::size_t shown_bytes_max = 60;

Error bad_upgrade(std::string text) { return {Errc::protocol, "WebSocket: " + std::move(text)}; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view take_until(std::string_view& rest, std::string_view mark) {
  const std::size_t at = rest.find(mark);
  const std::string_view found = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + mark.size());
  return found;
}

// The first header of this name.
std::optional<std::string_view> header(std::string_view head, std::string_view name) {
  take_until(head, end_of_line);
  while (!head.empty()) {
    std::string_view line = take_until(head, end_of_line);
    if (equal_ignoring_case(take_until(line, ":"), name)) return trimmed(line);
  }
  return std::nullopt;
}

// Headers such as "keep-alive, Upgrade" are lists.
bool has_word(std::string_view head, std::string_view name, std::string_view word) {
  std::string_view list = header(head, name).value_or("");
  while (!list.empty())
    if (equal_ignoring_case(trimmed(take_until(list, ",")), word)) return true;
  return false;
}

std::string base64(ByteView bytes) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < count ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0);
    for (std::size_t i = 0; i < 4; ++i)
      text += i <= count ? letters[group >> (18 - 6 * i) & 0x3f] : '=';
  }
  return text;
}

std::string accept_of(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  return base64(sha1(as_bytes(text)));
}

Status check_upgrade(std::string_view head) {
  if (!has_word(head, "Upgrade", "websocket") || !has_word(head, "Connection", "upgrade"))
    return bad_upgrade(
        "an HTTP message that upgrades nothing; this port speaks ZMTP, YMQ and WebSocket");
  return ok();
}

}  // namespace

std::string new_websocket_key(Random& random) {
  std::array<std::byte, 16> nonce;
  random.fill(nonce);
  return base64(nonce);
}

std::string upgrade_request(std::string_view host, std::string_view path, std::string_view key) {
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: {}\r\nSec-WebSocket-Version: {}\r\n\r\n",
      path, host, key, version);
}

Result<std::string> upgrade_answer(std::string_view head) {
  const std::string_view line = head.substr(0, head.find(end_of_line));
  if (!line.starts_with("GET ") || !line.ends_with(" HTTP/1.1"))
    return bad_upgrade("a request that is no GET of HTTP/1.1: " +
                       printable(as_bytes(line), shown_bytes_max));
  SCALER_CHECK(check_upgrade(head));
  if (header(head, "Sec-WebSocket-Version") != version)
    return bad_upgrade("a version other than 13");
  const std::string_view key = header(head, "Sec-WebSocket-Key").value_or("");
  if (key.size() != key_characters) return bad_upgrade("a key that is not 16 bytes in base64");
  return fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: {}\r\n\r\n",
      accept_of(key));
}

Status check_upgrade_answer(std::string_view head, std::string_view key) {
  const std::string_view line = head.substr(0, head.find(end_of_line));
  if (!line.starts_with("HTTP/1.1 101"))
    return bad_upgrade("the server does not upgrade: " +
                       printable(as_bytes(line), shown_bytes_max));
  SCALER_CHECK(check_upgrade(head));
  if (header(head, "Sec-WebSocket-Accept") != accept_of(key))
    return bad_upgrade("the server's answer does not fit the key");
  return ok();
}

}  // namespace scaler::websocket
