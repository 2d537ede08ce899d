#pragma once

#include <string>

#include "scaler/base/bytes.hpp"
#include "scaler/base/log.hpp"

namespace scaler::scheduler {

// How peers are called in log lines: ClientID(Client|0f...), WorkerID(Worker|...). An identity may
// be any bytes; what is not printable is shown as \xNN.
std::string client_name(const Bytes& identity);
std::string worker_name(const Bytes& identity);
std::string manager_name(const Bytes& id);
std::string printable(std::string_view text);  // cut where a log line would become a page

// The lines about peers that come and go. Peers make them at will, so they are counted in silence
// beyond what the start of a large cluster needs.
class PeerNews {
 public:
  void note(TimePoint now, const std::string& who, const char* what);

 private:
  log::RateLimit limit_{200, 10s};
};

}  // namespace scaler::scheduler
