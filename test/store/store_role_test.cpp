#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "scaler/roles/roles.hpp"
#include "store/service_env.hpp"

namespace scaler::roles {
namespace {

// The role in a process of its own; its log comes through a pipe.
class RoleProcess {
 public:
  RoleProcess() {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    process_ = fork();
    REQUIRE(process_ >= 0);
    if (process_ == 0) run(ends[1]);
    ::close(ends[1]);
    log_ = ends[0];
  }
  ~RoleProcess() {
    ::close(log_);
    if (process_ > 0) kill(process_, SIGKILL), waitpid(process_, nullptr, 0);
  }
  RoleProcess(const RoleProcess&) = delete;
  RoleProcess& operator=(const RoleProcess&) = delete;

  // The next log line, or none if the process ends its log (or says nothing for a minute).
  std::string next_line() {
    std::string line;
    for (char c = 0;;) {
      pollfd readable{log_, POLLIN, 0};
      if (poll(&readable, 1, 60'000) <= 0 || ::read(log_, &c, 1) != 1 || c == '\n') return line;
      line += c;
    }
  }
  void signal(int number) const { REQUIRE(kill(process_, number) == 0); }
  int exit_code() {
    int status = 0;
    REQUIRE(waitpid(process_, &status, 0) == process_);
    process_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  [[noreturn]] static void run(int log_end) {
    log::set_sink([log_end](log::Level, std::string_view text) {
      const std::string line = std::string(text) + "\n";
      [[maybe_unused]] const auto written = ::write(log_end, line.data(), line.size());
    });
    config::StoreOptions options;
    options.bind_address = *Address::parse("tcp://127.0.0.1:0");
    std::_Exit(run_object_storage_server(options));
  }

  pid_t process_ = 0;
  int log_ = -1;
};

TEST_CASE("the storage role says when it listens and when it was stopped", "[roles]") {
  for (const int number : {SIGINT, SIGTERM}) {
    RoleProcess role;
    const std::string started = role.next_line();
    CHECK(started.find("started, listening on tcp://127.0.0.1:") != std::string::npos);
    role.signal(number);
    CHECK(role.next_line().find("stopped by user") != std::string::npos);
    CHECK(role.exit_code() == 0);
  }
}

TEST_CASE("the storage role on a port in use says so in one line and fails", "[roles]") {
  ServiceEnv env;
  config::StoreOptions options;
  options.bind_address = env.address;
  CHECK(run_object_storage_server(options) == 1);
  REQUIRE(env.log.lines.size() == 1);
  CHECK(env.log.lines[0].find(env.address.to_string()) != std::string::npos);
}

}  // namespace
}  // namespace scaler::roles
