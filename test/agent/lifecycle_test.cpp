#include <catch2/catch.hpp>

#include "agent/agent_env.hpp"

namespace scaler::agent {

namespace {

Options without_storage() {
  Options options = AgentEnv::some_options();
  options.object_storage.reset();
  return options;
}

}  // namespace

TEST_CASE("the first heartbeat goes out at once, without processors", "[agent]") {
  AgentEnv env({.processors_start = false, .connected = false});
  env.advance(1s);
  REQUIRE(env.take_heartbeats().empty());  // nobody would hear it
  env.connect();
  env.advance(0s);
  const auto heartbeats = env.take_heartbeats();
  REQUIRE(heartbeats.size() == 1);
  REQUIRE(heartbeats[0].processors.empty());
  REQUIRE(heartbeats[0].queued_tasks == 0);
  REQUIRE_FALSE(heartbeats[0].task_lock);
}

TEST_CASE("a heartbeat says what the worker is and measures", "[agent]") {
  Options options = AgentEnv::some_options();
  options.task_queue_size = 7;
  options.capabilities = {{"gpu", -1}, {"cpu", 4}};
  AgentEnv env({}, options);
  env.measures.agent = {12, 3456};
  env.measures.rss_free_bytes = 789;
  env.measures.processors = {{env.newest(), {34, 5678}}};
  env.advance(2s);
  const auto said = env.take_heartbeats().at(0);
  REQUIRE(said.agent == wire::Resource{12, 3456});
  REQUIRE(said.rss_free_bytes == 789);
  REQUIRE(said.queue_size == 7);
  REQUIRE(said.capabilities == options.capabilities);
  REQUIRE(said.manager_id.text() == "wm1");
  REQUIRE(said.processors ==
          std::vector<wire::ProcessorStatus>{{101, true, false, false, {34, 5678}}});
}

TEST_CASE("a heartbeat lists the processor that counts first, and suspended ones as such",
          "[agent]") {
  AgentEnv env;
  env.submit();
  env.submit({.priority = 1});
  env.submit({.priority = 0});
  env.advance(2s);
  const auto said = env.take_heartbeats().back();
  REQUIRE(said.queued_tasks == 1);  // neither the running nor the suspended one
  REQUIRE_FALSE(said.task_lock);
  REQUIRE(said.processors == std::vector<wire::ProcessorStatus>{{102, true, true, false, {}},
                                                                {101, true, true, true, {}}});
}

TEST_CASE("a heartbeat goes out each interval while they are answered", "[agent]") {
  AgentEnv env;
  env.advance(20s);
  REQUIRE(env.take_heartbeats().size() == 10);
}

TEST_CASE("an unanswered heartbeat is followed by none for five intervals, then by one",
          "[agent]") {
  AgentEnv env({.scheduler_echoes = false});
  env.advance(9999ms);
  REQUIRE(env.take_heartbeats().empty());
  env.advance(1ms);
  REQUIRE(env.take_heartbeats().size() == 1);
  env.advance(10s);
  REQUIRE(env.take_heartbeats().size() == 1);
}

TEST_CASE("latency is half the time to the echo", "[agent]") {
  AgentEnv env({.scheduler_echoes = false});
  env.advance(600us);
  env.tell(wire::WorkerHeartbeatEcho{});
  env.advance(2s);
  REQUIRE(env.take_heartbeats().at(0).latency_us == 300);
}

TEST_CASE("a worker that is connected again says so at once", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  env.disconnect();
  env.advance(60s);
  REQUIRE(env.take_heartbeats().empty());
  env.connect();
  env.advance(0s);
  REQUIRE(env.take_heartbeats().size() == 1);
  REQUIRE(env.running() == task);
}

TEST_CASE("a worker without an echo for the death timeout says goodbye and ends well", "[agent]") {
  AgentEnv env({.scheduler_echoes = false});
  env.advance(299s);
  REQUIRE_FALSE(env.left());
  env.advance(1s);
  REQUIRE(env.left());
  REQUIRE(env.left()->exit_code == 0);
  REQUIRE(env.left()->reason == "timeout when connect to scheduler, quitting");
  REQUIRE(std::holds_alternative<wire::DisconnectRequest>(env.take_said().at(0)));
}

TEST_CASE("a worker that never finds a scheduler ends after the death timeout", "[agent]") {
  AgentEnv env({.connected = false});
  env.advance(300s);
  REQUIRE(env.left());
}

TEST_CASE("a worker that lost the store waits for it, but not for ever", "[agent]") {
  AgentEnv env;
  env.lose_store();
  env.advance(299s);
  REQUIRE_FALSE(env.left());
  env.reconnect_store();
  env.advance(300s);
  REQUIRE_FALSE(env.left());
  env.lose_store();
  env.advance(300s);
  REQUIRE(env.left());
  REQUIRE(env.left()->exit_code == 0);
}

TEST_CASE("the store's address is learned from the first echo", "[agent]") {
  AgentEnv env({.connected = false}, without_storage());
  const TaskId task = env.submit();
  REQUIRE(env.take_gets().empty());
  env.connect();
  env.advance(0s);
  REQUIRE(env.take_store_addresses() ==
          std::vector<Address>{Address::parse("tcp://10.0.0.1:7002").value()});
  env.advance(10s);
  REQUIRE(env.take_store_addresses().empty());  // said once
  env.reconnect_store();
  REQUIRE(env.running() == task);
}

TEST_CASE("a store that moved is followed; a useless address is not", "[agent]") {
  AgentEnv env({}, without_storage());
  env.reconnect_store();
  wire::WorkerHeartbeatEcho echo;
  env.tell(echo);  // no host, no port
  REQUIRE(env.take_store_addresses().empty());
  echo.object_storage = {"10.0.0.2", 99, "tcp"};
  env.tell(echo);
  REQUIRE(env.take_store_addresses() ==
          std::vector<Address>{Address::parse("tcp://10.0.0.2:99").value()});
  const TaskId task = env.submit();
  REQUIRE_FALSE(env.running());
  env.reconnect_store();
  REQUIRE(env.running() == task);
}

TEST_CASE("a store address that was given is not overruled by the scheduler", "[agent]") {
  AgentEnv env;
  env.advance(10s);
  REQUIRE(env.take_store_addresses().empty());
}

TEST_CASE("leaving kills every processor, says goodbye last and does nothing more", "[agent]") {
  AgentEnv env;
  const TaskId a = env.submit();
  env.submit({.priority = 1});
  env.leave("received signal 15");
  REQUIRE(env.kills().size() == 2);
  const auto said = env.take_said();
  REQUIRE(said.size() == 1);
  REQUIRE(std::get<wire::DisconnectRequest>(said[0]).worker.text() == "Worker|FIX|aa|bb");
  REQUIRE(env.left()->exit_code == 0);
  REQUIRE_FALSE(env.agent().next_deadline());
  env.cancel(a, true);
  env.submit();
  env.end(1);
  env.leave("again");
  env.expect_silence();
}

TEST_CASE("a client's shutdown ends the worker well", "[agent]") {
  AgentEnv env;
  env.tell(wire::ClientDisconnect{wire::DisconnectType::shutdown});
  REQUIRE(env.left()->exit_code == 0);
  REQUIRE(env.left()->reason == "received client shutdown, quitting");
  REQUIRE(std::holds_alternative<wire::DisconnectRequest>(env.take_said().at(0)));
}

TEST_CASE("a disconnect by the scheduler ends the worker without another word", "[agent]") {
  AgentEnv env;
  env.tell(wire::DisconnectResponse{Bytes::copy_of("Worker|FIX|aa|bb")});
  REQUIRE(env.left()->exit_code == 0);
  env.expect_silence();
}

TEST_CASE("messages that are not for a worker are counted and ignored", "[agent]") {
  AgentEnv env;
  const TaskId task = env.submit();
  env.tell(wire::ClientDisconnect{wire::DisconnectType::disconnect});
  env.tell(wire::ClientHeartbeatEcho{});
  env.tell(wire::ObjectInstruction{});  // a create
  env.tell(wire::TaskResult{task, wire::TaskResultType::success, {}, {}});
  REQUIRE(env.agent().counters().unknown_messages == 4);
  REQUIRE(env.running() == task);
  env.expect_silence();
}

}  // namespace scaler::agent
