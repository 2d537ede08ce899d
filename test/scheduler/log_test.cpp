#include <catch2/catch.hpp>

#include "scaler/base/log.hpp"
#include "scheduler/env.hpp"

namespace scaler::scheduler {

namespace {

// The log lines of one test.
class LogRecorder {
 public:
  LogRecorder()
      : before_(log::set_sink(
            [this](log::Level, std::string_view text) { lines.emplace_back(text); })) {}
  ~LogRecorder() { log::set_sink(std::move(before_)); }
  LogRecorder(const LogRecorder&) = delete;
  LogRecorder& operator=(const LogRecorder&) = delete;
  std::vector<std::string> lines;

 private:
  log::Sink before_;
};

}  // namespace

TEST_CASE("peers that come and go all the time do not fill the log", "[scheduler]") {
  SchedulerEnv env;
  const LogRecorder log;
  for (int i = 0; i < 300; ++i) {
    const auto client = env.add_client();
    env.say(client, wire::ClientDisconnect{wire::DisconnectType::disconnect});
    env.forget_mail();
  }
  REQUIRE(log.lines.size() == 200);
  env.advance(10s);
  env.add_client();
  REQUIRE(log.lines.back().ends_with("connected (400 more such lines were left out)"));
}

TEST_CASE("one line about a peer stays one line", "[scheduler]") {
  SchedulerEnv env;
  const LogRecorder log;
  const auto manager = env.connect("Manager|a");
  wire::WorkerManagerHeartbeat heartbeat;
  heartbeat.manager_id = Bytes::copy_of(std::string(1'000'000, '\n'));
  env.say(manager, heartbeat);
  REQUIRE(log.lines.size() == 1);
  REQUIRE(log.lines[0].size() < 1200);
  REQUIRE(log.lines[0].find("(1000000 bytes)") != std::string::npos);
  env.forget_mail();
}

}  // namespace scaler::scheduler
