#include <catch2/catch.hpp>

#include "scheduler/env.hpp"
#include "support/log_recorder.hpp"

namespace scaler::scheduler {

TEST_CASE("peers that come and go all the time do not fill the log", "[scheduler]") {
  SchedulerEnv env;
  const support::LogRecorder log;
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
  const support::LogRecorder log;
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
