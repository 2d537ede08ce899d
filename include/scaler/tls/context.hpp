#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "scaler/base/result.hpp"

namespace scaler::tls {

// What a side shows of itself, as PEM text, and what messages call it.
struct Credentials {
  std::string certificate;  // its own first, then those that signed it
  std::string key;          // private, without a password
  std::string certificate_name;
  std::string key_name;
};

// What all TLS connections of one thread share: credentials, if there are any, and the rules. TLS
// 1.2 with ephemeral keys and authenticated ciphers only, no renegotiation, no resumption. Nobody's
// certificate is checked, unless the context was made for that: see docs/operations.md for what
// that protects and what not.
class Context {
 public:
  // Without credentials it can only connect. The error names the file that is at fault: not PEM,
  // not the certificate's key, past its date at `now` (seconds since 1970, UTC), not valid yet.
  static Result<std::shared_ptr<Context>> make(const std::optional<Credentials>& credentials,
                                               std::int64_t now);
  // For clients that talk to whom these authorities (PEM text, many certificates) vouch for, by the
  // name that they connect to, and to nobody else. `name` is what messages call the text.
  static Result<std::shared_ptr<Context>> make_checking(const std::string& authorities,
                                                        const std::string& name);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  bool can_listen() const;
  bool checks_servers() const;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  explicit Context(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::tls
