#pragma once

#include <memory>
#include <string>

#include "scaler/base/result.hpp"
#include "scaler/tls/context.hpp"

namespace scaler::net {

// A certificate chain and its private key, as PEM files; both or none.
struct TlsFiles {
  std::string certificate;
  std::string key;
  bool empty() const { return certificate.empty() && key.empty(); }
};

// Reads and checks both. Null if there are none, which is enough to connect. The error names the
// file.
Result<std::shared_ptr<tls::Context>> open_tls(const TlsFiles& files);

}  // namespace scaler::net
