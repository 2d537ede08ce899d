#include "client/core_env.hpp"

namespace scaler::client {
namespace {

TEST_CASE("a client is ready when scheduler and store have answered", "[client]") {
  CoreEnv env;
  CHECK(env.core.heartbeat_due(env.now));
  env.core.on_scheduler_connected(env.now, env.out);
  env.core.send_heartbeat({}, env.now, env.out);
  CHECK(env.said<wire::ClientHeartbeat>());
  env.hear(wire::ClientHeartbeatEcho{{"10.0.0.1", 7, "tcp"}});
  const auto connect = env.done<ConnectStore>();
  REQUIRE(connect);
  CHECK(connect->address.to_string() == "tcp://10.0.0.1:7");
  CHECK_FALSE(env.take<Ready>());
  env.core.on_store_connected(env.now, env.out);
  CHECK(env.take<Ready>());
  const auto create = env.said<wire::ObjectInstruction>();
  REQUIRE(create);
  CHECK(create->types == std::vector{wire::ObjectContentType::serializer});
  CHECK(create->ids.front() == serializer_id_of(as_bytes("Client|0123")));
  CHECK(env.done<PutObject>()->payload.text() == "serializer");
}

TEST_CASE("an address of one's own wins over the scheduler's word", "[client]") {
  Options options;
  options.object_storage = *Address::parse("tcp://127.0.0.1:99");
  CoreEnv env(std::move(options));
  env.hear(wire::ClientHeartbeatEcho{{"10.0.0.1", 7, "tcp"}});
  CHECK(env.done<ConnectStore>()->address.port == 99);
}

TEST_CASE("a scheduler that never answers ends the wait with its address and the time",
          "[client]") {
  CoreEnv env;
  env.core.on_scheduler_lost("connection refused", env.now, env.out);
  env.pass(59s);
  CHECK_FALSE(env.core.ended());
  env.pass(1s);
  const auto ended = env.take<Ended>();
  REQUIRE(ended);
  CHECK(ended->reason == Reason::scheduler_lost);
  CHECK(
      ended->text ==
      "Timeout when connecting to scheduler tcp://127.0.0.1:1 in 60 seconds (connection refused)");
  CHECK(env.done<HangUp>());
}

TEST_CASE("a silent scheduler ends every waiter with the reason", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.submit(1);
  env.pass(60s);
  for (int i = 0; i < 2; ++i) {
    const auto lost = env.take<Lost>();
    REQUIRE(lost);
    CHECK(lost->reason == Reason::scheduler_lost);
    CHECK(lost->text.find("did not answer for 60 seconds") != std::string::npos);
  }
  CHECK(env.take<Ended>());
  CHECK(env.core.ended());
}

TEST_CASE("echoes keep a client alive, and measure the way", "[client]") {
  CoreEnv env;
  env.connect();
  env.store_serializer();
  for (int i = 0; i < 100; ++i) {
    env.pass(2s);
    REQUIRE(env.core.heartbeat_due(env.now));
    env.core.send_heartbeat({}, env.now, env.out);
    env.now += 10ms;
    env.hear(wire::ClientHeartbeatEcho{{"127.0.0.1", 7, "tcp"}});
  }
  env.forget_said();
  CHECK_FALSE(env.core.ended());
  env.core.send_heartbeat({}, env.now, env.out);
  CHECK(env.said<wire::ClientHeartbeat>()->latency_us == 5000);
}

TEST_CASE("a scheduler that comes back hears again what is waited for", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.submit(1);
  env.submit(2);
  env.ask(Cancel{task(2)});
  SubmitGraph graph;
  graph.id = task(99, 5);
  graph.objects.push_back({object(50), {}, Bytes::copy_of("code")});
  graph.nodes.push_back({task(7, 5), object(50), {}});
  graph.targets = {{task(7, 5), 70}};
  env.ask(graph);
  env.finish(0);
  env.bring(0, "x");
  env.forget_said();
  env.core.on_scheduler_lost("reset", env.now, env.out);
  env.core.on_scheduler_connected(env.now, env.out);
  CHECK(env.core.heartbeat_due(env.now));
  const auto create = env.said<wire::ObjectInstruction>();
  REQUIRE(create);
  CHECK(create->types.front() == wire::ObjectContentType::serializer);
  CHECK(create->ids.size() == 6);  // an argument and a function of two tasks, and the graph's
  std::vector<TaskId> said;
  while (const auto again = env.said<wire::Task>()) {
    said.push_back(again->id);
    CHECK(again->arguments.size() == 1);
  }
  std::sort(said.begin(), said.end());
  CHECK(said == std::vector{task(1), task(2)});
  CHECK(env.said<wire::GraphTask>()->nodes.size() == 1);
  CHECK(env.said<wire::TaskCancel>()->id == task(2));
}

TEST_CASE("a store that cannot be reached is named", "[client]") {
  CoreEnv env;
  env.hear(wire::ClientHeartbeatEcho{{"127.0.0.1", 7, "tcp"}});
  env.core.on_store_lost("refused", env.now, env.out);
  for (int i = 0; i < 59; ++i) {
    env.hear(wire::ClientHeartbeatEcho{{"127.0.0.1", 7, "tcp"}});
    env.pass(1s);
  }
  CHECK_FALSE(env.core.ended());
  env.pass(1s);
  const auto ended = env.take<Ended>();
  REQUIRE(ended);
  CHECK(ended->reason == Reason::storage_lost);
  CHECK(ended->text == "cannot connect to object storage address tcp://127.0.0.1:7 (refused)");
}

TEST_CASE("what takes objects and never acknowledges one is no object storage", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  const auto wait_for = [&env](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      env.pass(1s);
      env.hear(wire::ClientHeartbeatEcho{{"127.0.0.1", 7, "tcp"}});
      if (i % 5 != 0) continue;  // and closing the connection is no answer either
      env.core.on_store_lost("closed", env.now, env.out);
      env.core.on_store_connected(env.now, env.out);
    }
  };
  wait_for(59);
  CHECK_FALSE(env.core.ended());
  wait_for(1);
  CHECK(env.take<Lost>()->reason == Reason::storage_lost);
  CHECK(env.take<Ended>()->text == "tcp://127.0.0.1:7 does not answer as an object storage does");
}

TEST_CASE("a store that has acknowledged once may take its time", "[client]") {
  CoreEnv env;
  env.connect();
  env.store_serializer();
  env.submit(0);
  for (int i = 0; i < 100; ++i) {
    env.pass(1s);
    env.hear(wire::ClientHeartbeatEcho{{"127.0.0.1", 7, "tcp"}});
  }
  CHECK_FALSE(env.core.ended());
}

TEST_CASE("a client with little patience says more often that it lives", "[client]") {
  Options options;
  options.timeout = 1s;
  CoreEnv env(std::move(options));
  env.connect();
  env.store_serializer();
  for (int i = 0; i < 20; ++i) {
    env.pass(400ms);
    REQUIRE(env.core.heartbeat_due(env.now));
    env.core.send_heartbeat({}, env.now, env.out);
    env.hear(wire::ClientHeartbeatEcho{{"127.0.0.1", 7, "tcp"}});
  }
  CHECK_FALSE(env.core.ended());
}

TEST_CASE("a store that comes back in time gets again what was on its way", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.forget_said();
  env.unstored.clear();  // nothing of it arrived
  env.core.on_store_lost("reset", env.now, env.out);
  env.submit(1);
  env.finish(1);
  env.step();
  CHECK_FALSE(env.done<GetObject>());
  env.pass(1s);
  env.core.on_store_connected(env.now, env.out);
  env.step();
  int puts = 0;
  while (env.done<PutObject>()) ++puts;
  CHECK(puts == 5);  // the serializer, and an argument and a function of each task
  CHECK(env.done<GetObject>()->id == object(1001));
  env.pass(10s);
  CHECK_FALSE(env.core.ended());
}

TEST_CASE("a store that stays away ends every waiter", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.core.on_store_lost("reset", env.now, env.out);
  env.pass(3s);
  CHECK(env.take<Lost>()->reason == Reason::storage_lost);
  CHECK(env.take<Ended>()->text == "connection failure to object storage server.");
}

TEST_CASE("a store that ends each connection instead of taking an object ends every waiter",
          "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  const auto refuse = [&env] {
    env.core.on_store_lost("closed by the other side", env.now, env.out);
    env.core.on_store_lost("refused", env.now, env.out);  // no connection: does not count
    env.pass(1s);
  };
  const auto refuse_and_return = [&] {
    refuse();
    env.core.on_store_connected(env.now, env.out);
    env.step();
  };
  for (int i = 0; i < 4; ++i) refuse_and_return();
  env.store_serializer();  // so it takes something
  for (int i = 0; i < 4; ++i) refuse_and_return();
  REQUIRE_FALSE(env.core.ended());
  refuse();
  REQUIRE(env.core.ended());
  CHECK(env.take<Lost>()->reason == Reason::storage_lost);
  const std::string text = env.take<Ended>()->text;
  CHECK(text.find("ended 5 connections in a row without taking what is sent") != text.npos);
}

TEST_CASE("what ends each connection and never took anything is no object storage", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  for (int i = 0; i < 5; ++i) {
    env.core.on_store_connected(env.now, env.out);
    env.core.on_store_lost("closed by the other side", env.now, env.out);
    env.pass(1s);
  }
  REQUIRE(env.core.ended());
  CHECK(env.take<Ended>()->text.find("does not answer as an object storage does") !=
        std::string::npos);
}

TEST_CASE("leaving cancels what is open, says goodbye and refuses what comes later", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.ask(Disconnect{});
  CHECK(env.take<Canceled>()->token == 1);
  CHECK(env.said<wire::TaskCancel>()->force);  // else a running task would go on for nobody
  CHECK(env.said<wire::ClientDisconnect>()->type == wire::DisconnectType::disconnect);
  CHECK(env.done<HangUp>()->patience > Duration::zero());
  CHECK(env.take<Ended>()->reason == Reason::left);
  env.submit(1);
  CHECK(env.take<Lost>()->token == 2);
  env.ask(FetchResult{task(0), 5});
  CHECK(env.take<Lost>()->token == 5);
  env.ask(Disconnect{});
  CHECK_FALSE(env.take<Ended>());
}

TEST_CASE("a shutdown waits for the scheduler's word", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.ask(Shutdown{});
  CHECK(env.take<Canceled>());
  CHECK(env.said<wire::ClientDisconnect>()->type == wire::DisconnectType::shutdown);
  CHECK_FALSE(env.core.ended());
  SECTION("accepted") {
    env.hear(wire::ClientShutdownResponse{true});
    CHECK(env.take<ShutdownAnswered>()->accepted);
  }
  SECTION("refused: the client leaves alone") {
    env.hear(wire::ClientShutdownResponse{false});
    CHECK_FALSE(env.take<ShutdownAnswered>()->accepted);
    CHECK(env.said<wire::ClientDisconnect>()->type == wire::DisconnectType::disconnect);
  }
  SECTION("some schedulers are gone before they answer") {
    env.core.on_scheduler_lost("closed", env.now, env.out);
    CHECK(env.take<ShutdownAnswered>()->accepted);
  }
  SECTION("silence is no reason to wait for ever") {
    env.pass(5s);
    CHECK(env.take<ShutdownAnswered>());
  }
  CHECK(env.core.ended());
}

TEST_CASE("what tasks print is passed on, and unknown messages are counted", "[client]") {
  CoreEnv env;
  env.connect();
  env.hear(wire::TaskLog{task(0), wire::LogType::standard_error, "oh\n"});
  const auto output = env.take<Output>();
  REQUIRE(output);
  CHECK(output->standard_error);
  CHECK(output->text == "oh\n");
  env.hear(wire::WorkerHeartbeatEcho{});
  CHECK(env.core.counters().unexpected_messages == 1);
}

}  // namespace
}  // namespace scaler::client
