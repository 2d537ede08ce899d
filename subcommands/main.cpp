#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <exception>

#include "subcommands/commands.hpp"
#include "subcommands/lifeline.hpp"
#include "subcommands/output.hpp"

namespace {

// A closed standard stream's number would go to the first socket that is opened, and log lines to
// that socket.
void keep_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDWR) != fd) _exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  scaler::subcommands::hold_stop_signals();
  keep_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);  // until a role listens to it, and in processors
  scaler::subcommands::hold_lifeline();
  try {
    return scaler::subcommands::run_program(argc, argv);
  } catch (const std::exception& failure) {
    return scaler::subcommands::complain(
        "scaler", {scaler::Errc::system, std::string("internal error: ") + failure.what()});
  }
}
