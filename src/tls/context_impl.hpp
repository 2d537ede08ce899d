#pragma once

#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "scaler/tls/context.hpp"

namespace scaler::tls {

struct Context::Impl {
  Impl();
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status set_up();
  Status take(const Credentials& credentials, std::int64_t now);

  mbedtls_x509_crt chain;
  mbedtls_x509_crt authorities;
  mbedtls_pk_context key;
  mbedtls_ssl_config server;
  mbedtls_ssl_config client;
  bool has_credentials = false;
  bool checks_servers = false;
};

}  // namespace scaler::tls
