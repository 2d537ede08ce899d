#include "tls/failures.hpp"

#include <fmt/format.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509.h>

#include <algorithm>

#include "scaler/base/ids.hpp"

namespace scaler::tls {
namespace {

constexpr std::size_t shown_bytes = 16;

std::string_view meaning_of_alert(unsigned alert) {
  switch (alert) {
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
      return "nothing in common";
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
      return "it does not speak TLS 1.2";
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
      return "it does not accept the certificate";
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
      return "the certificate is past its date";
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
      return "it does not know who signed the certificate";
    case MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME:
      return "it does not know the host name";
    case MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR:
      return "it has no certificate, or another trouble of its own";
    default:
      return "no reason";
  }
}

std::string meaning_of(int status, unsigned alert) {
  switch (status) {
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
      return fmt::format("refused by the peer: {} (alert {})", meaning_of_alert(alert), alert);
    case MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION:
      return "the peer speaks nothing newer than TLS 1.1; 1.2 is the least";
    case MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN:
    case MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE:
      return "no cipher in common; the peer offers none of TLS 1.2 that authenticates";
    case MBEDTLS_ERR_SSL_INVALID_MAC:
      return "a record was damaged or altered on its way";
    case MBEDTLS_ERR_SSL_CONN_EOF:
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
      return "the peer ended the handshake";
    case failure_of_a_deaf_peer:
      return "the peer asks and does not read";
    default:
      return fmt::format("what the peer sent is no valid TLS (error -0x{:04x})", -status);
  }
}

std::string_view likely_mistake(ByteView bytes, bool is_server) {
  const std::string_view text = as_text(bytes);
  if (!is_server) return "does the server's address begin with tcp:// or ws://?";
  if (text.starts_with("GET")) return "a WebSocket client without TLS; its address needs wss://";
  if (text.starts_with("Y") || bytes[0] == std::byte{0xff})
    return "a client without TLS; its address needs tls://";
  return "this port speaks TLS only";
}

std::string_view meaning_of_flags(std::uint32_t flags) {
  if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) return "it is another host's";
  if (flags & MBEDTLS_X509_BADCERT_EXPIRED) return "it is past its date";
  if (flags & MBEDTLS_X509_BADCERT_FUTURE) return "it is not valid yet; is the clock right?";
  if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
    return "none of the known authorities has signed it";
  return "it is too weak or damaged";
}

}  // namespace

Error not_trusted(std::uint32_t flags) {
  return {Errc::protocol, fmt::format("TLS: the server's certificate is not accepted: {}",
                                      meaning_of_flags(flags))};
}

Error not_tls(ByteView first_bytes, bool is_server) {
  const ByteView shown = first_bytes.first(std::min(first_bytes.size(), shown_bytes));
  return {Errc::protocol, fmt::format("its first bytes are not of TLS: {}; {}", to_hex(shown),
                                      likely_mistake(first_bytes, is_server))};
}

Error error_of(int status, unsigned alert) {
  return {Errc::protocol, "TLS: " + meaning_of(status, alert)};
}

}  // namespace scaler::tls
