#pragma once

#include <string>

namespace scaler::roles {

// Whoever started this process and waits until it is ready: the launcher, by a pipe whose number
// SCALER_READY_FD says, or systemd, by the socket that NOTIFY_SOCKET names. Both are taken out of
// the environment, so that no child speaks for us. A process of the launcher's also leaves its
// process group: an interrupt from a terminal is the launcher's to pass on, once and in order. At
// most one per process.
class Readiness {
 public:
  Readiness();
  ~Readiness();  // closes the pipe: the launcher sees that nothing will be said
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Says it once; later calls and those that nobody waits for do nothing. Never fails: a launcher
  // that has gone is not our trouble.
  void announce();

 private:
  int pipe_ = -1;
  std::string notify_socket_;
};

}  // namespace scaler::roles
