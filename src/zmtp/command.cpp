#include "zmtp/command.hpp"

#include <algorithm>
#include <utility>

#include "base/printable.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::zmtp {

Result<Command> parse_command(ByteView body) {
  if (body.empty()) return Error{Errc::protocol, "a command without a name"};
  const auto name_bytes = std::to_integer<std::size_t>(body[0]);
  if (name_bytes == 0 || name_bytes > body.size() - 1)
    return Error{Errc::protocol, "a command whose name passes its end: " + printable(body)};
  return Command{as_text(body.subspan(1, name_bytes)), body.subspan(1 + name_bytes)};
}

Bytes make_command(std::string_view name, ByteView data) {
  SCALER_ASSERT(!name.empty() && name.size() <= 255, name);
  Buffer body(1 + name.size() + data.size());
  const auto name_bytes = static_cast<std::byte>(name.size());
  body.append({&name_bytes, 1});
  body.append(as_bytes(name));
  body.append(data);
  return std::move(body).freeze();
}

std::string error_reason_of(ByteView data) {
  if (data.empty()) return "no reason given";
  const ByteView reason = data.subspan(1);
  return printable(reason.first(std::min(reason.size(), std::to_integer<std::size_t>(data[0]))),
                   255);
}

}  // namespace scaler::zmtp
