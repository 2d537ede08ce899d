#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "roles/role_signals.hpp"
#include "roles/worker_command.hpp"
#include "scaler/base/log.hpp"
#include "scaler/config/stack.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/process.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/net/watcher.hpp"
#include "scaler/roles/readiness.hpp"
#include "scaler/roles/roles.hpp"

namespace scaler::roles {
namespace {

using config::Part;

constexpr Duration ready_patience = 30s;
constexpr Duration stop_patience = 10s;  // for all together, then SIGKILL
constexpr int ready_number = 3;          // of the pipe in the child

std::pair<std::string, std::string> variable(const char* name, std::string value) {
  return {name, std::move(value)};
}

// Starts the processes of a stack one after another, each when the one before is ready, and stops
// all of them when one fails, when the scheduler ends, or when a signal asks for it: managers
// first, then the scheduler, then the store.
class Launcher {
 public:
  Launcher(net::Loop& loop, const config::StackOptions& options)
      : loop_(loop),
        children_(loop),
        signals_(
            loop, [this](const char* name) { on_signal(name); }, [this] { hang_up(); }),
        start_limit_(loop, [this] { on_start_limit(); }),
        stop_limit_(loop, [this] { kill_all(); }) {
    for (const config::StackProcess& process : options.processes)
      places_.push_back(std::make_unique<Place>(process));
  }

  void start() { start_next(); }
  bool finished() const { return stopping_ && !any_runs(); }
  int exit_code() const { return exit_code_; }

 private:
  struct Place {
    explicit Place(const config::StackProcess& in) : process(in) {}
    ~Place() { forget_pipe(); }
    void forget_pipe() {
      watcher.reset();
      if (pipe >= 0) ::close(std::exchange(pipe, -1));
    }

    const config::StackProcess& process;
    int pid = 0;  // 0: does not run
    int pipe = -1;
    std::unique_ptr<net::Watcher> watcher;
    bool ready = false;
    bool asked_to_stop = false;
  };

  void start_next();
  Status start_one(Place& place);
  Result<int> spawn(const Place& place, int ready_pipe);
  void on_pipe(Place& place);
  void on_ready(Place& place);
  void on_ended(Place& place, const net::ExitStatus& status);
  void on_start_limit();
  void on_signal(const char* name);
  void stop(int exit_code);
  void stop_last();
  void kill_all();
  void hang_up();
  bool any_runs() const;

  net::Loop& loop_;
  Readiness readiness_;
  net::Children children_;
  RoleSignals signals_;
  net::Timer start_limit_;
  net::Timer stop_limit_;
  std::vector<std::unique_ptr<Place>> places_;
  std::size_t started_ = 0;
  bool stopping_ = false;
  int exit_code_ = 0;
};

// ---- starting ----

void Launcher::start_next() {
  if (stopping_) return;
  if (started_ == places_.size()) {
    start_limit_.stop();
    log::info("{} processes run", places_.size());
    return readiness_.announce();
  }
  Place& place = *places_[started_++];
  start_limit_.start(ready_patience);
  if (auto started = start_one(place); !started) {
    log::error("{}: {}", place.process.name, started.error().text);
    stop(1);
  }
}

Status Launcher::start_one(Place& place) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return Error{Errc::system, fmt::format("opening a pipe: {}", std::strerror(errno))};
  place.pipe = ends[0];
  auto pid = spawn(place, ends[1]);
  ::close(ends[1]);
  if (!pid) return std::move(pid.error());
  place.pid = *pid;
  log::info("{} starts, pid {}", place.process.name, place.pid);
  place.watcher = std::make_unique<net::Watcher>(loop_, place.pipe, [&] { on_pipe(place); });
  children_.watch(place.pid, [&](net::ExitStatus status) { on_ended(place, status); });
  return ok();
}

Result<int> Launcher::spawn(const Place& place, int ready_pipe) {
  net::SpawnOptions options;
  options.program = own_program;
  options.arguments = {"scaler"};
  const std::vector<std::string>& words = place.process.words;
  options.arguments.insert(options.arguments.end(), words.begin(), words.end());
  options.environment = place.process.environment;
  options.environment.push_back(variable("SCALER_READY_FD", std::to_string(ready_number)));
  options.environment.push_back(
      variable("SCALER_COMPONENT", place.process.shares_stream ? place.process.name : ""));
  options.descriptors = {{ready_pipe, ready_number}};
  return children_.spawn(options);
}

// The pipe's end without a word means that the process is about to end, which tells more.
void Launcher::on_pipe(Place& place) {
  char byte = 0;
  const bool said = ::read(place.pipe, &byte, 1) == 1;
  place.forget_pipe();
  if (said) on_ready(place);
}

void Launcher::on_ready(Place& place) {
  place.ready = true;
  start_next();
}

void Launcher::on_start_limit() {
  const Place& place = *places_[started_ - 1];
  log::error("{} (pid {}) is not ready after {} s, stopping the others", place.process.name,
             place.pid, std::chrono::duration_cast<std::chrono::seconds>(ready_patience).count());
  stop(1);
}

// ---- ending ----

void Launcher::on_ended(Place& place, const net::ExitStatus& status) {
  const int pid = std::exchange(place.pid, 0);
  const bool was_ready = std::exchange(place.ready, true);
  place.forget_pipe();
  const bool well = status.signal == 0 && status.code == 0;
  const std::string what =
      fmt::format("{} (pid {}) ended by {}", place.process.name, pid, status.describe());
  if (stopping_) {
    // One that has hardly begun dies of the signal that we sent.
    const bool as_asked = place.asked_to_stop && status.signal == SIGTERM;
    log::at(well || as_asked ? log::Level::info : log::Level::warning, "{}", what);
  } else if (!well && place.process.part != Part::screen) {
    log::error("{}, stopping the others", what);
    stop(status.signal == 0 ? status.code : 128 + status.signal);
  } else if (place.process.part < Part::worker_manager) {
    log::info("{}, stopping the others", what);
    stop(0);
  } else {  // a manager that had enough, or a screen, on which no work depends
    log::at(well ? log::Level::info : log::Level::error, "{}", what);
    if (!was_ready) start_next();
    if (started_ == places_.size() && !any_runs()) stop(well ? 0 : 1);
  }
  if (stopping_) stop_last();
}

void Launcher::on_signal(const char* name) {
  if (stopping_) return kill_all();  // asked twice: at once
  log::info("received signal {}, stopping", name);
  stop(0);
}

void Launcher::stop(int exit_code) {
  if (std::exchange(stopping_, true)) return;
  exit_code_ = exit_code;
  start_limit_.stop();
  stop_limit_.start(stop_patience);
  stop_last();
}

// Asks those that started last, managers together, and ends the launcher when none is left.
void Launcher::stop_last() {
  const Place* last = nullptr;
  for (const auto& place : places_)
    if (place->pid > 0) last = place.get();
  if (last == nullptr) {
    stop_limit_.stop();
    return loop_.stop();
  }
  for (const auto& place : places_) {
    if (place->pid == 0 || place->process.part != last->process.part) continue;
    if (!std::exchange(place->asked_to_stop, true)) ::kill(place->pid, SIGTERM);
  }
}

void Launcher::kill_all() {
  for (const auto& place : places_) {
    if (place->pid == 0) continue;
    log::warning("{} (pid {}) is still there, send SIGKILL", place->process.name, place->pid);
    ::kill(place->pid, SIGKILL);
  }
}

// One that is not ready yet would die of the signal, and has just opened its files.
void Launcher::hang_up() {
  for (const auto& place : places_)
    if (place->pid > 0 && place->ready) ::kill(place->pid, SIGHUP);
}

bool Launcher::any_runs() const {
  return std::any_of(places_.begin(), places_.end(), [](const auto& p) { return p->pid > 0; });
}

}  // namespace

int run_launcher(const config::StackOptions& options) {
  net::Loop loop;
  Launcher launcher(loop, options);
  launcher.start();
  if (!launcher.finished()) loop.run();
  return launcher.exit_code();
}

}  // namespace scaler::roles
