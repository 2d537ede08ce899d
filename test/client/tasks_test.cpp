#include <string>

#include "client/core_env.hpp"

namespace scaler::client {
namespace {

Upload function_upload() {
  Upload upload;
  upload.objects.push_back({object(0), Bytes::copy_of("f"), Bytes::copy_of("code")});
  return upload;
}

TEST_CASE("objects are announced before the tasks that use them, and all in one go", "[client]") {
  CoreEnv env;
  env.connect();
  env.forget_said();
  env.ask(function_upload());
  env.submit(0, Fetch::lazy, object(0));
  env.submit(1, Fetch::lazy, object(0));
  env.step();
  int messages = 0;
  std::vector<const char*> kinds;
  for (const Effect& effect : env.effects)
    if (const auto* said = std::get_if<ToScheduler>(&effect)) {
      ++messages;
      kinds.push_back(wire::kind_name(said->message));
    }
  CHECK(messages == 3);
  CHECK(std::string(kinds.front()) == "ObjectInstruction");
  const auto create = env.said<wire::ObjectInstruction>();
  CHECK(create->ids.size() == 3);
  CHECK(create->names.front().text() == "f");
  const auto said = env.said<wire::Task>();
  REQUIRE(said);
  CHECK(said->source.text() == "Client|0123");
  CHECK(said->function == object(0));
  CHECK(said->arguments == std::vector<wire::Argument>{object(100)});
  CHECK(env.core.unstored_bytes() == std::string("serializercodeargumentargument").size());
}

TEST_CASE("a small result is fetched at once, and everything of its task is released", "[client]") {
  CoreEnv env;
  env.connect();
  env.ask(function_upload());
  env.submit(0, Fetch::lazy, object(0));
  env.ask(Release{{object(0)}});  // it stays while the task needs it
  env.forget_said();
  env.finish(0);
  CHECK(env.done<GetObject>()->bytes_max == 64 << 10);
  CHECK_FALSE(env.take<Finished>());
  env.bring(0, "result");
  const auto finished = env.take<Finished>();
  REQUIRE(finished);
  CHECK(finished->token == 1);
  CHECK(finished->here);
  CHECK_FALSE(finished->failed);
  CHECK(finished->payload.text() == "result");
  env.pass(1s);
  const auto released = env.said<wire::ObjectInstruction>();
  CHECK(releases(released, object(0)));
  CHECK(releases(released, object(100)));
  CHECK(releases(released, object(1000)));
  CHECK(env.core.open_tasks() == 0);
  CHECK(env.core.live_objects() == 0);
}

TEST_CASE("a function lives until the last of its tasks is over", "[client]") {
  CoreEnv env;
  env.connect();
  env.ask(function_upload());
  env.submit(0, Fetch::lazy, object(0));
  env.submit(1, Fetch::lazy, object(0));
  env.ask(Release{{object(0)}});
  env.forget_said();
  env.finish(0);
  env.bring(0, "x");
  env.pass(1s);
  CHECK_FALSE(releases(env.said<wire::ObjectInstruction>(), object(0)));
  env.finish(1);
  env.bring(1, "x");
  env.pass(1s);
  CHECK(releases(env.said<wire::ObjectInstruction>(), object(0)));
}

TEST_CASE("a large result waits in the store until it is asked for", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.finish(0);
  env.forget_said();
  env.bring(0, std::string(64 << 10, 'x'));
  const auto finished = env.take<Finished>();
  REQUIRE(finished);
  CHECK_FALSE(finished->here);
  env.ask(FetchResult{task(0), 9});
  CHECK(env.done<GetObject>()->bytes_max == ~0ULL);
  env.bring(0, std::string(100 << 10, 'x'));
  const auto arrived = env.take<Arrived>();
  REQUIRE(arrived);
  CHECK(arrived->token == 9);
  CHECK(arrived->payload.size() == 100 << 10);
  CHECK(env.done<RemoveObject>()->id == object(1000));  // such a thing does not wait for others
}

TEST_CASE("somebody who waits gets the whole result at once", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0, Fetch::eager);
  env.finish(0);
  CHECK(env.done<GetObject>()->bytes_max == ~0ULL);
  env.bring(0, std::string(100 << 10, 'x'));
  CHECK(env.take<Finished>()->here);
}

TEST_CASE("a large result that nobody wants any more is released", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.finish(0);
  env.bring(0, std::string(64 << 10, 'x'));
  env.forget_said();
  env.ask(Abandon{{task(0)}});
  env.pass(1s);
  CHECK(releases(env.said<wire::ObjectInstruction>(), object(1000)));
  CHECK_FALSE(env.take<Canceled>());  // its future has been told
  env.ask(FetchResult{task(0), 9});
  CHECK(env.take<Lost>()->token == 9);
}

TEST_CASE("a failure arrives as the bytes of its exception", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.finish(0, wire::TaskResultType::failed);
  env.bring(0, "exception");
  CHECK(env.take<Finished>()->failed);
}

TEST_CASE("a task whose worker died for good is lost with its id", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.finish(0, wire::TaskResultType::failed_worker_died);
  const auto lost = env.take<Lost>();
  REQUIRE(lost);
  CHECK(lost->text == "worker died when processing task: " + task(0).hex());
}

TEST_CASE("a profile travels with its result", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.hear(wire::TaskResult{task(0),
                            wire::TaskResultType::success,
                            wire::encode_task_profile({0.5F, 7, 0.25F}),
                            {object(1000)}});
  env.bring(0, "x");
  const auto finished = env.take<Finished>();
  REQUIRE(finished->profile);
  CHECK(finished->profile->memory_peak_bytes == 7);
}

TEST_CASE("a cancel is the scheduler's to confirm", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.ask(Cancel{task(0)});
  env.ask(Cancel{task(0)});
  const auto said = env.said<wire::TaskCancel>();
  REQUIRE(said);
  CHECK(said->force);
  CHECK_FALSE(env.said<wire::TaskCancel>());
  CHECK_FALSE(env.take<Canceled>());
  SECTION("confirmed") {
    env.hear(wire::TaskCancelConfirm{task(0), wire::CancelConfirmType::canceled});
    CHECK(env.take<Canceled>()->token == 1);
  }
  SECTION("not known there: it counts as cancelled") {
    env.hear(wire::TaskCancelConfirm{task(0), wire::CancelConfirmType::cancel_not_found});
    CHECK(env.take<Canceled>());
  }
  SECTION("refused: the result is still awaited, and heard") {
    env.hear(wire::TaskCancelConfirm{task(0), wire::CancelConfirmType::cancel_failed});
    CHECK_FALSE(env.take<Canceled>());
    env.finish(0);
    env.bring(0, "x");
    CHECK(env.take<Finished>());
  }
  SECTION("the result was quicker") {
    env.finish(0);
    env.hear(wire::TaskCancelConfirm{task(0), wire::CancelConfirmType::cancel_not_found});
    env.bring(0, "x");
    CHECK(env.take<Finished>());
    CHECK_FALSE(env.take<Canceled>());
  }
}

TEST_CASE("an abandoned task is cancelled for its future at once, and its late result released",
          "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.ask(Abandon{{task(0), task(77)}});
  CHECK(env.said<wire::TaskCancel>());
  CHECK(env.take<Canceled>());
  env.forget_said();
  env.finish(0);
  env.pass(1s);
  CHECK(releases(env.said<wire::ObjectInstruction>(), object(1000)));
}

TEST_CASE("clear cancels all tasks and forgets all objects but the serializer", "[client]") {
  CoreEnv env;
  env.connect();
  env.ask(function_upload());
  env.submit(0);
  env.submit(1);
  env.store_all();
  env.forget_said();
  env.ask(Clear{});
  env.step();
  CHECK(std::holds_alternative<Cleared>(env.notices.back()));
  CHECK(env.take<Canceled>());
  CHECK(env.take<Canceled>());
  CHECK(env.said<wire::TaskCancel>());
  env.pass(1s);
  const auto released = env.said<wire::ObjectInstruction>();
  CHECK(releases(released, object(0)));
  CHECK(releases(released, object(101)));
  CHECK_FALSE(releases(released, serializer_id_of(as_bytes("Client|0123"))));
  CHECK(env.core.live_objects() == 0);
  env.submit(2);
  CHECK(env.said<wire::Task>());
}

TEST_CASE("tasks of a function that was cleared meanwhile are cancelled", "[client]") {
  CoreEnv env;
  env.connect();
  env.ask(function_upload());
  env.ask(Clear{});
  env.submit(0, Fetch::lazy, object(0));
  CHECK(env.take<Canceled>()->token == 1);
  CHECK_FALSE(env.said<wire::Task>());
}

TEST_CASE("many releases leave together, and do not wait for the clock", "[client]") {
  Options options;
  options.release_batch = 10;
  CoreEnv env(std::move(options));
  env.connect();
  for (std::uint64_t i = 0; i < 10; ++i) env.submit(i);
  env.store_all();
  env.forget_said();
  for (std::uint64_t i = 0; i < 10; ++i) {
    env.finish(i);
    env.bring(i, "x");
  }
  CHECK(env.said<wire::ObjectInstruction>()->ids.size() >= 10);
}

TEST_CASE("small releases wait while tasks are open, but not for ever", "[client]") {
  CoreEnv env;
  env.connect();
  const bool large = GENERATE(false, true);
  env.submit(0, Fetch::lazy, std::nullopt, large);
  env.submit(1);
  env.finish(0);
  env.bring(0, "x");
  env.forget_said();
  env.pass(1s);
  CHECK(releases(env.said<wire::ObjectInstruction>(), object(100)) == large);
  for (int i = 0; i < 5; ++i) env.pass(1s);
  CHECK(releases(env.said<wire::ObjectInstruction>(), object(100)) == !large);
}

TEST_CASE("answers about what nobody knows change nothing", "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.finish(5);
  env.hear(wire::TaskCancelConfirm{task(6), wire::CancelConfirmType::canceled});
  env.core.on_object(object(77), Bytes::copy_of("x"), env.now, env.out);
  env.core.on_object_stored(object(78), env.now, env.out);
  env.finish(0);
  env.finish(0);
  env.bring(0, "x");
  env.finish(0);
  env.bring(0, "x");
  CHECK(env.take<Finished>());
  CHECK_FALSE(env.take<Finished>());
  CHECK(env.core.counters().stray_answers >= 5);
}

TEST_CASE("one object as the result of two tasks is a fault of the scheduler, not ours",
          "[client]") {
  CoreEnv env;
  env.connect();
  env.submit(0);
  env.submit(1);
  env.finish(0);
  env.hear(wire::TaskResult{task(1), wire::TaskResultType::success, {}, {object(1000)}});
  CHECK(env.take<Lost>()->token == 2);
  env.bring(0, "x");
  CHECK(env.take<Finished>()->token == 1);
}

}  // namespace
}  // namespace scaler::client
