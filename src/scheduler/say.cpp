#include "scheduler/say.hpp"

namespace scaler::scheduler {

namespace {

constexpr std::size_t shown_max = 255;  // the longest identity that ZMTP knows

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  for (const char character : text.substr(0, shown_max)) {
    const auto code = static_cast<unsigned char>(character);
    if (code >= 0x20 && code < 0x7f)
      shown += character;
    else
      shown += fmt::format("\\x{:02x}", code);
  }
  if (text.size() > shown_max) shown += fmt::format("... ({} bytes)", text.size());
  return shown;
}

void PeerNews::note(TimePoint now, const std::string& who, const char* what) {
  if (const auto more = limit_.allow(now))
    log::info("{} {}{}", who, what,
              *more == 0 ? "" : fmt::format(" ({} more such lines were left out)", *more));
}

std::string client_name(const Bytes& identity) {
  return fmt::format("ClientID({})", printable(identity.text()));
}
std::string worker_name(const Bytes& identity) {
  return fmt::format("WorkerID({})", printable(identity.text()));
}
std::string manager_name(const Bytes& id) {
  return fmt::format("WorkerManagerID({})", printable(id.text()));
}

}  // namespace scaler::scheduler
