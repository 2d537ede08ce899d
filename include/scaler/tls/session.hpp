#pragma once

#include <functional>
#include <memory>
#include <string>

#include "scaler/base/session.hpp"
#include "scaler/tls/context.hpp"

namespace scaler::tls {

// The first bytes that came out of the encryption (at most 64, growing from call to call): the
// session that understands them, or null for "not enough yet".
using Pick = std::function<Result<std::unique_ptr<Session>>(ByteView first_bytes)>;

// TLS below another session, whose bytes travel in its records. A server's inner session is picked
// by what the client says first. Memory per connection: what TLS itself needs, about 40 KiB, and
// 96 KiB while bytes are on their way.
std::unique_ptr<Session> make_server(std::shared_ptr<Context> context, Pick pick);
// `host` is named to the server unless it is empty or a literal address.
std::unique_ptr<Session> make_client(std::shared_ptr<Context> context, const std::string& host,
                                     std::unique_ptr<Session> inner);

}  // namespace scaler::tls
