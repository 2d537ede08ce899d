#include "scaler/net/process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <optional>

#include "net/spawn.hpp"
#include "net/support.hpp"

namespace scaler::net {
namespace {

struct Pipe {
  int read_end = -1;
  int write_end = -1;
  Pipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() {
    ::close(read_end);
    close_write_end();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_write_end() {
    if (write_end >= 0) ::close(std::exchange(write_end, -1));
  }
  bool at_end() const {  // whether every holder of the write end has closed it
    char ignored = 0;
    ::fcntl(read_end, F_SETFL, O_NONBLOCK);
    return ::read(read_end, &ignored, 1) == 0;
  }
  // What was written until every holder of the write end has closed it.
  std::string read_all() {
    close_write_end();
    std::string all;
    std::array<char, 4096> buffer{};
    ssize_t count = 0;
    while ((count = ::read(read_end, buffer.data(), buffer.size())) > 0)
      all.append(buffer.data(), static_cast<std::size_t>(count));
    return all;
  }
};

SpawnOptions shell(const std::string& script) {
  SpawnOptions options;
  options.arguments = {"/bin/sh", "-c", script};
  return options;
}

// Runs a script to its end, events only.
ExitStatus run(TestLoop& test, Children& children, const SpawnOptions& options) {
  const auto pid = children.spawn(options);
  REQUIRE(pid);
  std::optional<ExitStatus> ended;
  children.watch(*pid, [&](ExitStatus status) { ended = status; });
  test.run_until([&] { return ended.has_value(); });
  return *ended;
}

enum class Left { ends_when_asked, deaf, has_own_session };

// A child that leads a group, and leaves one behind that holds the write end: its pid.
struct Family {
  int leader = 0;
  int left = 0;
  Family(Pipe& held, Left kind, int exit_code) {
    Pipe told;
    leader = ::fork();
    REQUIRE(leader >= 0);
    if (leader == 0) run_leader(told, kind, exit_code);
    held.close_write_end();
    REQUIRE(::read(told.read_end, &left, sizeof left) == sizeof left);
  }
  [[noreturn]] static void run_leader(const Pipe& told, Left kind, int exit_code) {
    ::setpgid(0, 0);
    if (::fork() == 0) {
      std::signal(SIGTERM, kind == Left::deaf ? SIG_IGN : SIG_DFL);
      if (kind == Left::has_own_session) ::setsid();
      const int own = ::getpid();
      if (::write(told.write_end, &own, sizeof own) != sizeof own) ::_exit(1);
      while (true) ::pause();
    }
    while (exit_code < 0) ::pause();
    ::_exit(exit_code);
  }
};
constexpr int stays = -1;

// For what no event of the loop tells.
void run_until_seen(TestLoop& test, const std::function<bool()>& done) {
  Timer look(test.loop, [] {});
  look.start(1ms, 1ms);
  test.run_until(done);
}

}  // namespace

TEST_CASE("a child's exit code or signal is told", "[net]") {
  TestLoop test;
  Children children(test.loop);
  REQUIRE(run(test, children, shell("exit 0")).describe() == "exit code 0");
  REQUIRE(run(test, children, shell("exit 3")).describe() == "exit code 3");
  REQUIRE(run(test, children, shell("kill -9 $$")).describe() == "signal 9 (Killed)");
  REQUIRE(run(test, children, shell("kill -SEGV $$")).signal == SIGSEGV);
}

TEST_CASE("a file that cannot be run is an error of spawn, and no child is left", "[net]") {
  TestLoop test;
  Children children(test.loop);
  SpawnOptions options;
  options.arguments = {"/no/such/program"};
  const auto pid = children.spawn(options);
  REQUIRE_FALSE(pid);
  REQUIRE(pid.error().text == "cannot run '/no/such/program': no such file or directory");
  REQUIRE(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("a program is found by its name in PATH", "[net]") {
  TestLoop test;
  Children children(test.loop);
  SpawnOptions options;
  options.arguments = {"true"};
  REQUIRE(run(test, children, options).code == 0);
}

TEST_CASE("a child that ended before it was watched is told in the next turn", "[net]") {
  TestLoop test;
  Children children(test.loop);
  const auto pid = children.spawn(shell("exit 5"));
  REQUIRE(pid);
  std::optional<ExitStatus> other;
  const auto second = children.spawn(shell("exit 6"));
  REQUIRE(second);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(*pid), &info, WEXITED | WNOWAIT) == 0);
  children.watch(*second, [&](ExitStatus status) { other = status; });
  test.run_until([&] { return other.has_value(); });
  std::optional<ExitStatus> ended;
  children.watch(*pid, [&](ExitStatus status) { ended = status; });
  REQUIRE_FALSE(ended);
  test.run_until([&] { return ended.has_value(); });
  REQUIRE(ended->code == 5);
}

TEST_CASE("an unwatched child is not told", "[net]") {
  TestLoop test;
  Children children(test.loop);
  const auto pid = children.spawn(shell("exit 1"));
  REQUIRE(pid);
  children.watch(*pid, [](ExitStatus) { FAIL("told"); });
  children.unwatch(*pid);
  REQUIRE(run(test, children, shell("exit 0")).code == 0);
  siginfo_t info{};
  test.run_until([&] {
    return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1;
  });  // none is left
}

TEST_CASE("the children may be given up in the callback of one of them", "[net]") {
  TestLoop test;
  auto children = std::make_unique<Children>(test.loop);
  for (int i = 0; i < 3; ++i) {
    const auto pid = children->spawn(shell("exit 0"));
    REQUIRE(pid);
    children->watch(*pid, [&](ExitStatus) { children.reset(); });
  }
  test.run_until([&] { return children == nullptr; });
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
}

TEST_CASE("the environment is ours, with additions and replacements", "[net]") {
  TestLoop test;
  Children children(test.loop);
  ::setenv("SCALER_TEST_KEPT", "kept", 1);
  ::setenv("SCALER_TEST_REPLACED", "old", 1);
  Pipe out;
  SpawnOptions options =
      shell("echo $SCALER_TEST_KEPT $SCALER_TEST_REPLACED $SCALER_TEST_ADDED >&7");
  options.environment = {{"SCALER_TEST_REPLACED", "new"}, {"SCALER_TEST_ADDED", "a=b"}};
  options.descriptors = {{out.write_end, 7}};
  REQUIRE(run(test, children, options).code == 0);
  REQUIRE(out.read_all() == "kept new a=b\n");
}

TEST_CASE("a child holds its mapped descriptors and the standard three, nothing else", "[net]") {
  TestLoop test;
  Children children(test.loop);
  Pipe a;
  Pipe b;
  const int leak = ::open("/dev/null", O_RDONLY);  // without close-on-exec
  const int far_leak = ::fcntl(leak, F_DUPFD, 500);
  SpawnOptions options = shell(
      "echo a >&4; echo b >&9; i=0;"
      "while [ $i -lt 600 ]; do [ -e /proc/$$/fd/$i ] && echo $i >&4; i=$((i+1)); done; exit 0");
  options.descriptors = {{a.write_end, 4}, {b.write_end, 9}};
  REQUIRE(run(test, children, options).code == 0);
  REQUIRE(b.read_all() == "b\n");
  REQUIRE(a.read_all() == "a\n0\n1\n2\n4\n9\n");
  ::close(leak);
  ::close(far_leak);
}

TEST_CASE("descriptors may trade places and stand for the standard ones", "[net]") {
  TestLoop test;
  Children children(test.loop);
  Pipe out;
  Pipe x;
  Pipe y;
  SpawnOptions options;
  options.arguments = {"/bin/sh", "-c",
                       "echo out; echo x >&" + std::to_string(y.write_end) + "; echo y >&" +
                           std::to_string(x.write_end)};
  options.descriptors = {
      {out.write_end, 1}, {x.write_end, y.write_end}, {y.write_end, x.write_end}};
  if (x.write_end > 9 || y.write_end > 9) options.arguments[0] = "/bin/bash";  // dash: one digit
  REQUIRE(run(test, children, options).code == 0);
  REQUIRE(out.read_all() == "out\n");
  REQUIRE(x.read_all() == "x\n");
  REQUIRE(y.read_all() == "y\n");
}

TEST_CASE("a child starts with default signals, whatever ours are", "[net]") {
  TestLoop test;
  Children children(test.loop);
  const auto before = std::signal(SIGTERM, SIG_IGN);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigset_t old;
  pthread_sigmask(SIG_BLOCK, &blocked, &old);
  const ExitStatus status = run(test, children, shell("kill -TERM $$; exit 0"));
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  std::signal(SIGTERM, before);
  REQUIRE(status.signal == SIGTERM);
}

TEST_CASE("an orphaned grandchild is adopted and its end is told", "[net]") {
  TestLoop test;
  Children children(test.loop);
  children.adopt_orphans();
  Pipe out;
  SpawnOptions options = shell("(read line; exit 9) <&5 & echo $! >&4");
  Pipe hold;
  options.descriptors = {{out.write_end, 4}, {hold.read_end, 5}};
  REQUIRE(run(test, children, options).code == 0);  // the middle one is gone
  std::array<char, 32> text{};
  REQUIRE(::read(out.read_end, text.data(), text.size() - 1) > 0);
  const int grandchild = std::stoi(text.data());
  std::optional<ExitStatus> ended;
  children.watch(grandchild, [&](ExitStatus status) { ended = status; });
  test.turn(2);
  REQUIRE_FALSE(ended);
  hold.close_write_end();  // lets it end
  test.run_until([&] { return ended.has_value(); });
  REQUIRE(ended->code == 9);
}

TEST_CASE("what the leader of a group leaves running is asked to end", "[net]") {
  TestLoop test;
  Children children(test.loop);
  children.adopt_orphans();
  Pipe held;
  const Family family(held, Left::ends_when_asked, 3);
  std::optional<ExitStatus> ended;
  children.watch_leader(family.leader, 3600s, [&](ExitStatus status) { ended = status; });
  run_until_seen(test, [&] { return held.at_end(); });
  REQUIRE(ended->code == 3);
}

TEST_CASE("what does not end when it is asked is killed, and nobody waits for that", "[net]") {
  TestLoop test;
  Children children(test.loop);
  children.adopt_orphans();
  Pipe held;
  const Family family(held, Left::deaf, 0);
  const auto patience = GENERATE(Duration(1ms), Duration(3600s));
  std::optional<ExitStatus> ended;
  children.watch_leader(family.leader, patience, [&](ExitStatus status) { ended = status; });
  test.run_until([&] { return ended.has_value(); });
  if (patience == Duration(3600s)) {
    REQUIRE_FALSE(held.at_end());
    ::kill(family.left, SIGKILL);
  }
  run_until_seen(test, [&] { return held.at_end(); });
}

TEST_CASE("a session of its own outlives the leader of the group that it came from", "[net]") {
  TestLoop test;
  Children children(test.loop);
  children.adopt_orphans();
  Pipe held;
  const Family family(held, Left::has_own_session, 0);
  bool ended = false;
  children.watch_leader(family.leader, 0s, [&](ExitStatus) { ended = true; });
  test.run_until([&] { return ended; });
  children.end_all({}, 0s);
  REQUIRE(::kill(family.left, 0) == 0);
  REQUIRE_FALSE(held.at_end());
  ::kill(family.left, SIGKILL);
  run_until_seen(test, [&] { return held.at_end(); });
}

TEST_CASE("at the end of this process all groups and orphans end, deaf ones too", "[net]") {
  TestLoop test;
  Children children(test.loop);
  children.adopt_orphans();
  std::array<Pipe, 4> held;
  const Family running(held[0], Left::ends_when_asked, stays);
  const Family deaf(held[1], Left::deaf, stays);
  const Family ended(held[2], Left::ends_when_asked, 0);
  const Family ended_deaf(held[3], Left::deaf, 0);
  for (const Family* family : {&running, &deaf})
    children.watch_leader(family->leader, 3600s, [](ExitStatus) { FAIL("told"); });
  children.end_all({running.leader, deaf.leader}, 10ms);
  for (const Pipe& pipe : held) REQUIRE(pipe.at_end());
  REQUIRE(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("a child dies with its parent", "[net]") {
  Pipe alive;
  const pid_t parent = ::fork();
  REQUIRE(parent >= 0);
  if (parent == 0) {
    SpawnOptions options = shell("exec sleep 1000");
    options.descriptors = {{alive.write_end, 4}};
    const bool started = static_cast<bool>(spawn_process(options));
    ::_exit(started ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(parent, &status, 0) == parent);
  REQUIRE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  REQUIRE(alive.read_all().empty());  // returns when the sleeper holds it no more
}

}  // namespace scaler::net
