#include "base/framed_session.hpp"

namespace scaler {

void Session::send_joined(Bytes begin, Bytes rest) {
  Buffer joined(begin.size() + rest.size());
  joined.append(begin);
  joined.append(rest);
  send(std::move(joined).freeze());
}

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
