#include "base/framed_session.hpp"

namespace scaler {

Result<std::optional<SessionEvent>> FramedSession::next() {
  if (failed_) return Error{Errc::protocol, "the connection has failed before"};
  Parsed parsed = parse();
  if (!parsed)
    failed_ = true;
  else if (!*parsed)
    reader_.settle();
  return parsed;
}

}  // namespace scaler
