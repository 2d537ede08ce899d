#include "subcommands/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace scaler::subcommands {
namespace {

// False when the text did not arrive whole; errno says why.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

int print(std::string_view text) {
  if (write_all(STDOUT_FILENO, text) || errno == EPIPE) return exit_ok;
  return complain("scaler",
                  {Errc::system, fmt::format("standard output: {}", std::strerror(errno))});
}

int complain(std::string_view command, const Error& error) {
  write_all(STDERR_FILENO, fmt::format("{}: {}\n", command, error.text));
  return error.code == Errc::usage ? exit_usage : exit_failure;
}

Status write_file(const std::string& path, std::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return Error{Errc::system, fmt::format("{}: {}", path, std::strerror(errno))};
  const bool whole = write_all(file, text);
  const int failure = errno;
  if (close(file) == 0 && whole) return ok();
  return Error{Errc::system, fmt::format("{}: {}", path, std::strerror(whole ? errno : failure))};
}

int complain_with(std::string_view text) {
  write_all(STDERR_FILENO, text);
  return exit_usage;
}

Status start_logging(const config::LoggingOptions& logging, std::string_view event_loop,
                     const std::vector<config::Note>& notes) {
  const char* component = std::getenv("SCALER_COMPONENT");  // the launcher's name for this process
  SCALER_CHECK(config::install_logging(logging, component == nullptr ? "" : component));
  config::log_startup_lines(logging, event_loop);
  for (const config::Note& note : notes) log::at(note.level, "{}", note.text);
  return ok();
}

}  // namespace scaler::subcommands
