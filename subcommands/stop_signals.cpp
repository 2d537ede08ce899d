#include <csignal>

#include "subcommands/commands.hpp"

namespace scaler::subcommands {
namespace {

void change_mask(int how) {
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  sigprocmask(how, &stops, nullptr);
}

}  // namespace

void hold_stop_signals() { change_mask(SIG_BLOCK); }
void let_stop_signals_through() { change_mask(SIG_UNBLOCK); }

}  // namespace scaler::subcommands
