#pragma once

#include <optional>

#include "scaler/base/bytes.hpp"
#include "scaler/base/result.hpp"
#include "scaler/net/router.hpp"

namespace scaler::net {

// Which protocol the first bytes of a connection belong to; nothing while they do not tell yet. The
// error names what was seen, with the likeliest mistake.
Result<std::optional<Protocol>> recognise(PortKind kind, ByteView first_bytes);

}  // namespace scaler::net
