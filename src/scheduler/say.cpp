#include "scheduler/say.hpp"

namespace scaler::scheduler {

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (const char character : text) {
    const auto code = static_cast<unsigned char>(character);
    if (code >= 0x20 && code < 0x7f)
      shown += character;
    else
      shown += fmt::format("\\x{:02x}", code);
  }
  return shown;
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
