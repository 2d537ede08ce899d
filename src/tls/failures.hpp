#pragma once

#include <cstdint>

#include "scaler/base/bytes.hpp"
#include "scaler/base/result.hpp"

namespace scaler::tls {

// Given to TLS when what it says is not read by anybody; beside its own numbers.
constexpr int failure_of_a_deaf_peer = -0x7fff;

// Of a peer whose first bytes are none of TLS: what it most likely meant to do.
Error not_tls(ByteView first_bytes, bool is_server);

// `alert`: the number in the peer's own refusal, if it was one.
Error error_of(int status, unsigned alert);

// `flags` of a check that failed: why the peer's certificate is not trusted.
Error not_trusted(std::uint32_t flags);

}  // namespace scaler::tls
