#include "roles/processor_host.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "scaler/base/log.hpp"

namespace scaler::roles {

namespace {

using agent::ProcessorId;

// Real processes, forked by a zygote that knows no Python.
class HostEnv {
 public:
  explicit HostEnv(const char* mode = "normal")
      : before_(log::set_sink([](log::Level, std::string_view) {})),
        watchdog_(loop_, [this] { expired_ = true, loop_.stop(); }),
        children_(loop_),
        host_(loop_, children_, zygote(mode), events()) {}
  ~HostEnv() { log::set_sink(std::move(before_)); }

  void run_until(const std::function<bool()>& done) {
    watchdog_.start(30s);
    const auto token = loop_.before_poll([&] {
      if (done()) loop_.stop();
    });
    loop_.run();
    watchdog_.stop();
    REQUIRE_FALSE(expired_);
  }
  // For what no event tells, such as a signal's effect on another process.
  void run_until_seen(const std::function<bool()>& done) {
    net::Timer look(loop_, [] {});
    look.start(1ms, 1ms);
    run_until(done);
  }
  void start(ProcessorId id) {
    host_.start(id);
    run_until([&] { return said<agent::ProcessorReady>(id) || ended.contains(id); });
  }
  void run_task(ProcessorId id, const char* wish) {
    host_.tell(id, agent::RunTask{{}, Bytes::copy_of(wish), 0, false, {}, {}});
  }
  agent::ProcessorEnd wait_for_end(ProcessorId id) {
    run_until([&] { return ended.contains(id); });
    return ended.at(id);
  }
  template <class Message>
  const Message* said(ProcessorId id) const {
    for (const auto& [from, message] : messages)
      if (const auto* found = std::get_if<Message>(&message); found && from == id) return found;
    return nullptr;
  }
  int pid_of(ProcessorId id) const {
    for (const auto& [known, pid] : host_.pids())
      if (known == id) return pid;
    return 0;
  }
  // 'S' sleeping, 'T' stopped, 'Z' zombie, as the system says it.
  static char state_of(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    const std::size_t end = text.rfind(')');
    return end == std::string::npos ? '-' : text[end + 2];
  }

  // Processes that belong to the group that `leader` made.
  static int group_members(int leader) {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const int pid = std::atoi(entry.path().filename().c_str());
      if (pid > 0 && ::getpgid(pid) == leader) ++count;
    }
    return count;
  }

  ProcessorHost& host() { return host_; }
  std::vector<std::pair<ProcessorId, agent::FromProcessor>> messages;
  std::map<ProcessorId, agent::ProcessorEnd> ended;

 private:
  static net::SpawnOptions zygote(const char* mode) {
    net::SpawnOptions options;
    options.arguments = {SCALER_FAKE_ZYGOTE, mode};
    return options;
  }
  ProcessorHost::Events events() {
    ProcessorHost::Events result;
    result.on_message = [this](ProcessorId id, agent::FromProcessor message) {
      REQUIRE_FALSE(ended.contains(id));
      messages.emplace_back(id, std::move(message));
    };
    result.on_ended = [this](ProcessorId id, const agent::ProcessorEnd& end) {
      REQUIRE(ended.emplace(id, end).second);  // said once
    };
    return result;
  }

  log::Sink before_;
  net::Loop loop_;
  bool expired_ = false;
  net::Timer watchdog_;
  net::Children children_;
  ProcessorHost host_;
};

}  // namespace

TEST_CASE("a processor is forked, greets, works and is a child of ours", "[roles]") {
  HostEnv env;
  env.start(1);
  env.start(2);
  REQUIRE(env.host().pids().size() == 2);
  env.run_task(1, "finish");
  env.run_until([&] { return env.said<agent::TaskFinished>(1) != nullptr; });
  REQUIRE(env.said<agent::TaskFinished>(1)->payload.text() == "done");
  REQUIRE(env.ended.empty());
}

TEST_CASE("how a processor ended is told in words", "[roles]") {
  HostEnv env;
  env.start(1);
  env.run_task(1, "exit 3");
  const auto exited = env.wait_for_end(1);
  REQUIRE(exited.exit_code == 3);
  REQUIRE(exited.text == "exit code 3");
  env.start(2);
  ::kill(env.pid_of(2), SIGKILL);
  const auto killed = env.wait_for_end(2);
  REQUIRE(killed.signal == SIGKILL);
  REQUIRE(killed.text == "signal 9 (Killed)");
}

TEST_CASE("what a processor said last is heard before its end", "[roles]") {
  HostEnv env;
  env.start(1);
  env.run_task(1, "last words");
  env.wait_for_end(1);
  REQUIRE(env.said<agent::TaskFinished>(1));
}

TEST_CASE("what a processor leaves running ends with it, killed or not", "[roles]") {
  HostEnv env;
  env.start(1);
  env.start(2);
  const int first = env.pid_of(1);
  const int second = env.pid_of(2);
  env.run_task(1, "leave a child and exit");
  env.run_task(2, "leave a child");
  env.run_until_seen([&] { return HostEnv::group_members(second) == 2; });
  env.host().kill(2, Duration::zero());
  REQUIRE(env.wait_for_end(1).exit_code == 3);
  REQUIRE(env.wait_for_end(2).signal == SIGKILL);
  env.run_until_seen([&] { return HostEnv::group_members(first) == 0; });
  env.run_until_seen([&] { return HostEnv::group_members(second) == 0; });
}

TEST_CASE("a processor that breaks or closes its channel is ended", "[roles]") {
  HostEnv env;
  env.start(1);
  env.run_task(1, "garbage");
  REQUIRE(env.wait_for_end(1).signal == SIGKILL);
  env.start(2);
  env.run_task(2, "close");
  REQUIRE(env.wait_for_end(2).text == "the end of its channel");
}

TEST_CASE("a processor cannot have another process killed in its name", "[roles]") {
  HostEnv env;
  env.start(1);
  const int pid = env.pid_of(1);
  env.run_task(1, "impersonate");
  env.run_until([&] { return env.said<agent::TaskFinished>(1) != nullptr; });
  REQUIRE(env.pid_of(1) == pid);
}

TEST_CASE("a softly suspended processor waits until it is resumed", "[roles]") {
  HostEnv env;
  env.start(1);
  env.host().suspend(1, false);
  env.run_task(1, "finish");
  env.host().resume(1, false);
  env.run_until([&] { return env.said<agent::TaskFinished>(1) != nullptr; });
}

TEST_CASE("a hard suspended processor is stopped as a process and goes on when resumed",
          "[roles]") {
  HostEnv env;
  env.start(1);
  const int pid = env.pid_of(1);
  env.host().suspend(1, true);
  env.run_until_seen([&] { return HostEnv::state_of(pid) == 'T'; });
  env.run_task(1, "finish");
  env.host().resume(1, true);
  env.run_until([&] { return env.said<agent::TaskFinished>(1) != nullptr; });
}

TEST_CASE("a kill works on a running, a stopped and a waiting processor", "[roles]") {
  HostEnv env;
  for (const ProcessorId id : {1U, 2U, 3U}) env.start(id);
  env.run_task(1, "for ever");
  env.host().suspend(2, true);
  env.host().suspend(3, false);
  for (const ProcessorId id : {1U, 2U, 3U}) env.host().kill(id, Duration::zero());
  for (const ProcessorId id : {1U, 2U, 3U}) REQUIRE(env.wait_for_end(id).signal == SIGKILL);
}

TEST_CASE("with patience a kill begins with SIGTERM", "[roles]") {
  HostEnv env;
  env.start(1);
  env.host().suspend(1, true);
  env.host().kill(1, 20s);
  REQUIRE(env.wait_for_end(1).signal == SIGTERM);  // also when it was stopped
}

TEST_CASE("a processor may be killed before the zygote has heard of it", "[roles]") {
  HostEnv env;
  env.host().start(1);
  env.host().kill(1, Duration::zero());
  env.wait_for_end(1);
  env.start(2);
  REQUIRE(env.said<agent::ProcessorReady>(2));
  REQUIRE_FALSE(env.said<agent::ProcessorStarted>(1));
}

TEST_CASE("a zygote that cannot work makes the processor fail with its reason", "[roles]") {
  HostEnv env("refuse");
  env.start(1);
  REQUIRE(env.said<agent::ProcessorFailed>(1));
  REQUIRE(env.said<agent::ProcessorFailed>(1)->reason == "no Python here");
  REQUIRE(env.ended.contains(1));
}

}  // namespace scaler::roles
