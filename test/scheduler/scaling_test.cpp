#include <catch2/catch.hpp>

#include "scheduler/env.hpp"
#include "scheduler/manager_env.hpp"
#include "scheduler/manager_talk.hpp"

namespace scaler::scheduler {

namespace {

using Type = wire::ManagerCommandType;

constexpr const char* form_2_0 = "worker_manager_native|0123";
constexpr const char* form_later = "17|worker_manager_native|0123-45";

// With one manager "wm" that may run 8 workers.
struct OneManagerEnv : ManagerEnv {
  explicit OneManagerEnv(const char* form = form_2_0, Options options = vanilla())
      : ManagerEnv(std::move(options)), wm(add_manager("wm", form, 8)) {}
  TestPeer wm;
};

}  // namespace

TEST_CASE("tasks bring as many workers as they need, all asked for at once", "[scheduler]") {
  OneManagerEnv env;
  env.submit_many(25);
  env.advance(50ms);
  REQUIRE(env.take_starts(env.wm) == 3);
  env.beat(env.wm);
  env.advance(2s);
  REQUIRE(env.take_starts(env.wm) == 0);  // three are on their way
  for (const char* id : {"Worker|1", "Worker|2", "Worker|3"}) env.answer_start(env.wm, id);
  REQUIRE(env.pending_workers("wm") == 3);
  for (const char* id : {"Worker|1", "Worker|2", "Worker|3"}) env.join(env.wm, id);
  env.beat(env.wm);
  env.advance(50ms);
  REQUIRE(env.pending_workers("wm") == 0);
  REQUIRE(env.take_starts(env.wm) == 0);
}

TEST_CASE("a worker that connects before its start is answered is counted once", "[scheduler]") {
  OneManagerEnv env;
  env.submit_many(15);
  env.advance(50ms);
  REQUIRE(env.take_starts(env.wm) == 2);
  env.join(env.wm, "Worker|1");
  env.answer_start(env.wm, "Worker|1");
  env.answer_start(env.wm, "Worker|2");
  env.advance(50ms);
  REQUIRE(env.pending_workers("wm") == 1);
  REQUIRE(env.take_starts(env.wm) == 0);
}

TEST_CASE("idle workers stop after a while, and busy ones never", "[scheduler]") {
  OneManagerEnv env;
  const auto first = env.join(env.wm, "Worker|1");
  const auto second = env.join(env.wm, "Worker|2");
  const auto third = env.join(env.wm, "Worker|3");
  const auto task = env.submit(env.client());
  const auto busy = env.take_worker_given(task);
  REQUIRE(busy);
  env.live(env.wm, 4s);
  REQUIRE(env.take_stops(env.wm).empty());
  env.live(env.wm, 4s);
  auto stopped = env.take_stops(env.wm);
  REQUIRE(stopped.size() == 2);
  for (const auto& id : stopped) REQUIRE(id != busy->identity);

  env.finish(*busy, env.client(), task);
  env.answer_stop(env.wm, stopped);
  for (const auto& worker : {first, second, third})
    if (worker.identity != busy->identity) env.lose(worker);
  env.live(env.wm, 10s);
  REQUIRE(env.take_stops(env.wm) == std::vector<Bytes>{busy->identity});
}

TEST_CASE("a worker that is about to be stopped gets no task any more", "[scheduler]") {
  OneManagerEnv env;
  const auto worker = env.join(env.wm, "Worker|1");
  env.live(env.wm, 8s);
  REQUIRE(env.take_stops(env.wm).size() == 1);
  const auto task = env.submit(env.client());
  REQUIRE_FALSE(env.take_worker_given(task));
  env.answer_stop(env.wm, {worker.identity});
  REQUIRE(env.take_starts(env.wm) == 0);  // not in the same breath
  env.advance(50ms);
  REQUIRE(env.take_starts(env.wm) == 1);
}

TEST_CASE("a load that comes and goes does not make workers come and go", "[scheduler]") {
  OneManagerEnv env;
  const auto worker = env.join(env.wm, "Worker|1");
  for (int round = 0; round < 10; ++round) {
    const auto task = env.submit(env.client());
    REQUIRE(env.take_worker_given(task));
    env.live(env.wm, 2s);
    env.finish(worker, env.client(), task);
    env.live(env.wm, 3s);
  }
  REQUIRE(env.take_stops(env.wm).empty());
  REQUIRE(env.take_starts(env.wm) == 0);
}

TEST_CASE("a manager that is full is left alone for a while, and another one is asked",
          "[scheduler]") {
  ManagerEnv env;
  auto small = env.add_manager("a", form_2_0, 8);
  auto large = env.add_manager("b", "worker_manager_native|9", 6);
  env.submit_many(10);
  env.advance(50ms);
  REQUIRE(env.take_starts(small) == 1);
  env.say(small, wire::WorkerManagerCommandResponse{
                     Type::start_workers, wire::ManagerResponseStatus::too_many_workers, {}, {}});
  env.advance(50ms);
  REQUIRE(env.take_starts(large) == 1);
  REQUIRE(env.take_starts(small) == 0);
}

TEST_CASE("a manager that vanishes leaves its share to the others", "[scheduler]") {
  ManagerEnv env;
  auto lost = env.add_manager("a", form_2_0, 8);
  auto other = env.add_manager("b", "worker_manager_native|9", 7);
  env.submit_many(10);
  env.advance(50ms);
  REQUIRE(env.take_starts(lost) == 1);
  env.lose(lost);
  env.beat(other);
  env.advance(50ms);
  REQUIRE(env.take_starts(other) == 1);
}

TEST_CASE("a manager that was killed and started again is heard at once", "[scheduler]") {
  OneManagerEnv env;
  env.lose(env.wm);
  auto again = env.add_manager("wm", "worker_manager_native|again", 8);
  env.submit_many(5);
  env.advance(50ms);
  REQUIRE(env.take_starts(again) == 1);
}

TEST_CASE("a start that never brings a worker is forgotten after a long while", "[scheduler]") {
  Options options = ManagerEnv::vanilla();
  options.scaling.start_patience = 60s;
  OneManagerEnv env(form_2_0, options);
  env.submit_many(5);
  env.advance(50ms);
  REQUIRE(env.take_starts(env.wm) == 1);
  env.answer_start(env.wm, "Worker|never");
  env.live(env.wm, 58s);
  REQUIRE(env.take_starts(env.wm) == 0);
  env.live(env.wm, 6s);
  REQUIRE(env.take_starts(env.wm) == 1);
}

TEST_CASE("a start that nobody answers blocks no longer than its connection", "[scheduler]") {
  OneManagerEnv env;
  env.submit_many(5);
  env.advance(50ms);
  REQUIRE(env.take_starts(env.wm) == 1);
  env.lose(env.wm);
  env.wm = env.reconnect(env.wm);
  env.beat(env.wm);
  env.advance(50ms);
  REQUIRE(env.take_starts(env.wm) == 1);
}

TEST_CASE("a stop that is refused lets the worker work on", "[scheduler]") {
  OneManagerEnv env;
  env.join(env.wm, "Worker|1");
  env.live(env.wm, 8s);
  REQUIRE(env.take_stops(env.wm).size() == 1);
  env.say(env.wm,
          wire::WorkerManagerCommandResponse{
              Type::shutdown_workers, wire::ManagerResponseStatus::worker_not_found, {}, {}});
  const auto task = env.submit(env.client());
  REQUIRE(env.take_worker_given(task));
  env.live(env.wm, 20s);
  REQUIRE(env.take_stops(env.wm).empty());  // its manager does not know it
}

TEST_CASE("when one of several is not known they are stopped one by one", "[scheduler]") {
  OneManagerEnv env;
  env.join(env.wm, "Worker|1");
  env.join(env.wm, "Worker|2");
  env.live(env.wm, 8s);
  REQUIRE(env.take_stops(env.wm).size() == 2);
  const auto not_found = wire::WorkerManagerCommandResponse{
      Type::shutdown_workers, wire::ManagerResponseStatus::worker_not_found, {}, {}};
  env.say(env.wm, not_found);
  env.live(env.wm, 8s);
  auto one = env.take_stops(env.wm);
  REQUIRE(one.size() == 1);
  env.say(env.wm, not_found);
  env.live(env.wm, 8s);
  auto other = env.take_stops(env.wm);
  REQUIRE(other.size() == 1);
  REQUIRE(one != other);
}

TEST_CASE("a worker that should have stopped and did not is used again", "[scheduler]") {
  OneManagerEnv env;
  const auto worker = env.join(env.wm, "Worker|1");
  env.live(env.wm, 8s);
  REQUIRE(env.take_stops(env.wm).size() == 1);
  const auto task = env.submit(env.client());
  REQUIRE_FALSE(env.take_worker_given(task));
  env.live(env.wm, 40s);
  REQUIRE(env.take_worker_given(task));
}

// ---- the forms of later managers ----

TEST_CASE("an unknown manager is asked for its form before anything else", "[scheduler]") {
  OneManagerEnv env(form_later);
  env.submit_many(25);
  env.advance(50ms);
  const auto question = env.take<wire::WorkerManagerCommand>(env.wm);
  REQUIRE(question.type == Type::shutdown_workers);

  SECTION("one that answers gets commands") {
    env.say(env.wm,
            wire::WorkerManagerCommandResponse{
                Type::shutdown_workers, wire::ManagerResponseStatus::worker_not_found, {}, {}});
    env.advance(50ms);
    REQUIRE(env.take_starts(env.wm) == 3);
  }
  SECTION("one that stays silent gets wishes, at once and with each heartbeat") {
    env.advance(1900ms);
    REQUIRE(is_silent(env, env.wm));
    env.beat(env.wm);
    env.advance(200ms);
    REQUIRE(is_silent(env, env.wm));
    env.advance(100ms);
    REQUIRE(env.take_wish(env.wm) == 3);
    env.beat(env.wm);
    env.advance(50ms);
    REQUIRE(env.take_wish(env.wm) == 3);
    env.submit_many(10);
    env.advance(100ms);
    REQUIRE(env.take_wish(env.wm) == 4);
  }
}

TEST_CASE("a manager from which nothing is wanted is asked only after ten seconds", "[scheduler]") {
  OneManagerEnv env(form_later);
  env.live(env.wm, 9s);
  REQUIRE(is_silent(env, env.wm));
  env.live(env.wm, 2s);
  REQUIRE(env.pending(env.wm) == 1);
}

TEST_CASE("a manager that stops the oldest is told to only when all of that age are idle",
          "[scheduler]") {
  ManagerEnv env;
  auto wm = env.add_wishing_manager("wm", 8);
  const auto old = env.join(wm, "Worker|old");
  const auto task = env.submit(env.client());
  REQUIRE(env.take_worker_given(task));
  env.live(wm, 20s);
  const auto young = env.join(wm, "Worker|young");
  env.live(wm, 10s);
  REQUIRE(env.last_wish(wm) == 2);  // the idle one is the younger
  env.finish(old, env.client(), task);
  env.live(wm, 10s);
  REQUIRE(env.last_wish(wm) == 0);
}

// ---- policies ----

TEST_CASE("no policy, no word to managers", "[scheduler]") {
  OneManagerEnv env(form_later, SchedulerEnv::quiet());
  env.submit_many(100);
  env.live(env.wm, 30s);
  REQUIRE(is_silent(env, env.wm));
}

TEST_CASE("waterfall asks the better manager first and leaves those without a rule alone",
          "[scheduler]") {
  Options options = ManagerEnv::vanilla();
  options.allocation = Allocation::capability;
  options.scaling.policy = ScalingPolicy::waterfall;
  options.scaling.waterfall = {{1, "b", 1}, {2, "a", 8}};
  ManagerEnv env(options);
  auto a = env.add_manager("a", form_2_0, 8);
  auto b = env.add_manager("b", "worker_manager_native|9", 8);
  auto c = env.add_manager("c", "worker_manager_native|8", 8);
  env.submit_many(25);
  env.advance(50ms);
  REQUIRE(env.take_starts(b) == 1);
  REQUIRE(env.take_starts(a) == 2);
  REQUIRE(env.take_starts(c) == 0);
}

TEST_CASE("capability starts workers where they offer what the tasks need", "[scheduler]") {
  Options options = ManagerEnv::vanilla();
  options.allocation = Allocation::capability;
  options.scaling.policy = ScalingPolicy::capability;
  ManagerEnv env(options);
  auto cpu = env.add_manager("cpu", form_2_0, 8);
  auto gpu = env.add_manager("gpu", "worker_manager_native|9", 8, {"gpu"});
  for (int i = 0; i < 6; ++i) env.submit(env.client(), {.capabilities = {"gpu"}});
  env.advance(50ms);
  REQUIRE(env.take_starts(gpu) == 2);
  REQUIRE(env.take_starts(cpu) == 0);
}

TEST_CASE("a worker that does not say whose it is belongs to who started it, until it is lost",
          "[scheduler]") {
  const ScalingOptions options;
  ManagerTalk talk(options);
  Outbox out;
  Turn turn{TimePoint{}, out};
  talk.on_heartbeat(PeerId{1}, Bytes::copy_of(form_2_0), turn.now);
  talk.start(1, {}, turn);
  talk.on_response(
      {Type::start_workers, wire::ManagerResponseStatus::success, {Bytes::copy_of("Worker|1")}, {}},
      turn);
  bool is_there = false;
  const auto look = [&] { talk.forget_gone([&](std::string_view) { return is_there; }); };
  look();
  REQUIRE(talk.has_started("Worker|1"));  // it is on its way
  is_there = true;
  look();
  REQUIRE(talk.has_started("Worker|1"));
  is_there = false;
  look();
  REQUIRE_FALSE(talk.has_started("Worker|1"));
}

TEST_CASE("a response that nobody asked for is ignored", "[scheduler]") {
  OneManagerEnv env;
  env.answer_start(env.wm, "Worker|invented");
  env.say(env.wm,
          wire::WorkerManagerCommandResponse{
              Type::shutdown_workers, wire::ManagerResponseStatus::worker_not_found, {}, {}});
  REQUIRE(env.pending_workers("wm") == 0);
  const auto client = env.add_client();
  env.say(client, wire::WorkerManagerCommandResponse{});
  REQUIRE(env.core.counters().messages_refused == 1);
}

}  // namespace scaler::scheduler
