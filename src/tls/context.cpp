#include "scaler/tls/context.hpp"

#include <fmt/format.h>
#include <mbedtls/pem.h>

#include <array>
#include <ctime>
#include <utility>

#include "scaler/base/assert.hpp"
#include "scaler/base/random.hpp"
#include "tls/context_impl.hpp"

namespace scaler::tls {
namespace {

// The quick ones first: with the processor's own instructions AES is several times as fast.
constexpr std::array suites = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                               MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                               MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                               MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                               MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                               MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                               0};

// Always the kernel's: a generator of our own would say the same again in a forked child.
int random_bytes(void* /*context*/, unsigned char* out, std::size_t size) {
  fill_from_system({reinterpret_cast<std::byte*>(out), size});
  return 0;
}

void set_rules(mbedtls_ssl_config& config) {
  mbedtls_ssl_conf_rng(&config, random_bytes, nullptr);
  mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_NONE);
  mbedtls_ssl_conf_ciphersuites(&config, suites.data());
  mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_renegotiation(&config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
  mbedtls_ssl_conf_legacy_renegotiation(&config, MBEDTLS_SSL_LEGACY_NO_RENEGOTIATION);
  mbedtls_ssl_conf_session_tickets(&config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
}

Error wrong(std::string text) { return {Errc::usage, std::move(text)}; }

// A certificate's dates are UTC.
std::time_t seconds_of(const mbedtls_x509_time& time) {
  std::tm parts{};
  parts.tm_year = time.year - 1900;
  parts.tm_mon = time.mon - 1;
  parts.tm_mday = time.day;
  parts.tm_hour = time.hour;
  parts.tm_min = time.min;
  parts.tm_sec = time.sec;
  return timegm(&parts);
}

std::string shown(const mbedtls_x509_time& time) {
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", time.year, time.mon, time.day,
                     time.hour, time.min, time.sec);
}

// The text with its final zero, which the parser wants of PEM.
const unsigned char* text_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.c_str());
}

bool needs_password(int failure) {
  return failure == MBEDTLS_ERR_PK_PASSWORD_REQUIRED ||
         failure == MBEDTLS_ERR_PK_PASSWORD_MISMATCH ||
         failure == MBEDTLS_ERR_PEM_PASSWORD_REQUIRED;
}

}  // namespace

Context::Impl::Impl() {
  mbedtls_x509_crt_init(&chain);
  mbedtls_x509_crt_init(&authorities);
  mbedtls_pk_init(&key);
  mbedtls_ssl_config_init(&server);
  mbedtls_ssl_config_init(&client);
}

Context::Impl::~Impl() {
  mbedtls_ssl_config_free(&client);
  mbedtls_ssl_config_free(&server);
  mbedtls_pk_free(&key);
  mbedtls_x509_crt_free(&authorities);
  mbedtls_x509_crt_free(&chain);
}

Status Context::Impl::set_up() {
  for (auto [config, side] :
       {std::pair(&server, MBEDTLS_SSL_IS_SERVER), std::pair(&client, MBEDTLS_SSL_IS_CLIENT)}) {
    if (mbedtls_ssl_config_defaults(config, side, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
      return Error{Errc::system, "TLS: no memory for its settings"};
    set_rules(*config);
    if (!has_credentials) continue;
    if (mbedtls_ssl_conf_own_cert(config, &chain, &key) != 0)
      return Error{Errc::system, "TLS: no memory for a certificate"};
  }
  return ok();
}

Status Context::Impl::take(const Credentials& credentials, std::int64_t now) {
  const std::string& text = credentials.certificate;
  if (mbedtls_x509_crt_parse(&chain, text_of(text), text.size() + 1) != 0)
    return wrong(fmt::format("{}: not a certificate in PEM form", credentials.certificate_name));
  const std::string& secret = credentials.key;
  if (const int failure =
          mbedtls_pk_parse_key(&key, text_of(secret), secret.size() + 1, nullptr, 0)) {
    return wrong(fmt::format("{}: {}", credentials.key_name,
                             needs_password(failure) ? "the key has a password; give one without"
                                                     : "not a private key in PEM form"));
  }
  if (mbedtls_pk_check_pair(&chain.pk, &key) != 0)
    return wrong(fmt::format("{}: not the key of the certificate {}", credentials.key_name,
                             credentials.certificate_name));
  if (seconds_of(chain.valid_to) < now)
    return wrong(fmt::format("{}: the certificate was valid until {}", credentials.certificate_name,
                             shown(chain.valid_to)));
  if (seconds_of(chain.valid_from) > now)
    return wrong(fmt::format("{}: the certificate is valid from {} on only",
                             credentials.certificate_name, shown(chain.valid_from)));
  has_credentials = true;
  return ok();
}

Result<std::shared_ptr<Context>> Context::make(const std::optional<Credentials>& credentials,
                                               std::int64_t now) {
  auto impl = std::make_unique<Impl>();
  if (credentials) SCALER_CHECK(impl->take(*credentials, now));
  SCALER_CHECK(impl->set_up());
  return std::shared_ptr<Context>(new Context(std::move(impl)));
}

Result<std::shared_ptr<Context>> Context::make_checking(const std::string& authorities,
                                                        const std::string& name) {
  auto impl = std::make_unique<Impl>();
  // Some may be of a kind that is not understood here; all of them must not.
  mbedtls_x509_crt_parse(&impl->authorities, text_of(authorities), authorities.size() + 1);
  if (impl->authorities.version == 0)
    return wrong(fmt::format("{}: no certificates in PEM form", name));
  SCALER_CHECK(impl->set_up());
  impl->checks_servers = true;
  mbedtls_ssl_conf_ca_chain(&impl->client, &impl->authorities, nullptr);
  mbedtls_ssl_conf_authmode(&impl->client, MBEDTLS_SSL_VERIFY_REQUIRED);
  return std::shared_ptr<Context>(new Context(std::move(impl)));
}

Context::Context(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Context::~Context() = default;

bool Context::can_listen() const { return impl_->has_credentials; }
bool Context::checks_servers() const { return impl_->checks_servers; }

}  // namespace scaler::tls
