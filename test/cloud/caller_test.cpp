#include "scaler/cloud/caller.hpp"

#include <catch2/catch.hpp>

#include "cloud/machine.hpp"

namespace scaler::cloud {

namespace {

struct CallerEnv {
  explicit CallerEnv(FakeSurroundings of = with_keys())
      : machine(std::move(of)), caller(ApiCaller::make({}, machine.machine()).value()) {}
  static FakeSurroundings with_keys() {
    FakeSurroundings machine;
    machine.variables = {{"AWS_ACCESS_KEY_ID", "KEY"}, {"AWS_SECRET_ACCESS_KEY", "hush"}};
    return machine;
  }

  std::vector<HttpOrder> orders() {
    caller.advance(at);
    return caller.take_orders();
  }
  HttpOrder order() {
    auto all = orders();
    REQUIRE(all.size() == 1);
    return all.front();
  }
  void answer(const HttpOrder& order, int status, std::string body = "") {
    caller.on_answer(order.id, HttpResponse{status, std::move(body)}, at);
  }
  // The next deadline passes.
  void wait() {
    REQUIRE(caller.next_deadline());
    REQUIRE(*caller.next_deadline() > at.now);
    at.now = *caller.next_deadline();
  }
  ApiOutcome outcome() {
    auto all = caller.take_outcomes();
    REQUIRE(all.size() == 1);
    return all.front();
  }

  FakeSurroundings machine;
  ApiCaller caller;
  Moment at{TimePoint{}, 1'700'000'000};
};

ApiCall run_task(unsigned tries = 3) { return {Service::ecs, "RunTask", "{}", tries}; }

}  // namespace

TEST_CASE("a call is signed and sent once, its answer is its outcome", "[cloud]") {
  CallerEnv env;
  const Ticket ticket = env.caller.call(run_task());
  const HttpOrder order = env.order();
  CHECK(order.request.headers.at(1).value == "AmazonEC2ContainerServiceV20141113.RunTask");
  CHECK_THAT(order.request.headers.back().value,
             Catch::Contains("Credential=KEY/20231114/us-east-1/ecs/aws4_request"));
  CHECK(format(order.request).find("hush") == std::string::npos);
  CHECK(env.orders().empty());
  CHECK_FALSE(env.caller.next_deadline());
  env.answer(order, 200, "done");
  const ApiOutcome outcome = env.outcome();
  CHECK(outcome.ticket == ticket);
  CHECK(*outcome.body() == "done");
}

TEST_CASE("throttling, server faults and silence are tried again, later each time", "[cloud]") {
  CallerEnv env;
  env.caller.call(run_task(4));
  env.answer(env.order(), 500);
  CHECK(env.orders().empty());
  env.wait();
  env.answer(env.order(), 400, R"({"__type": "com.x#ThrottlingException", "message": "slow"})");
  env.wait();
  env.caller.on_answer(env.order().id, Error{Errc::unavailable, "no answer within 20 s"}, env.at);
  env.wait();
  CHECK(env.caller.take_outcomes().empty());
  env.answer(env.order(), 200);
  CHECK(env.outcome().body());
  CHECK_FALSE(env.caller.next_deadline());
}

TEST_CASE("after its tries a call is given up as unreachable, not as refused", "[cloud]") {
  CallerEnv env;
  env.caller.call(run_task(2));
  env.answer(env.order(), 503);
  env.wait();
  env.answer(env.order(), 503);
  const ApiOutcome outcome = env.outcome();
  REQUIRE(outcome.failure());
  CHECK_FALSE(outcome.failure()->is_refusal);
  CHECK(outcome.failure()->text == "ECS RunTask at ecs.us-east-1.amazonaws.com: status 503");
}

TEST_CASE("zero tries are tries without end", "[cloud]") {
  CallerEnv env;
  env.caller.call(run_task(0));
  for (int i = 0; i < 50; ++i) {
    env.answer(env.order(), 500);
    env.wait();
  }
  env.answer(env.order(), 200);
  CHECK(env.outcome().body());
}

TEST_CASE("a refusal is one line with what the service said, at once", "[cloud]") {
  CallerEnv env;
  env.caller.call(run_task());
  env.answer(env.order(), 400,
             R"({"__type": "AccessDeniedException", "Message": "not\nauthorized"})");
  const ApiOutcome outcome = env.outcome();
  REQUIRE(outcome.failure());
  CHECK(outcome.failure()->is_refusal);
  CHECK(outcome.failure()->code == "AccessDeniedException");
  CHECK(outcome.failure()->text ==
        "ECS RunTask at ecs.us-east-1.amazonaws.com: AccessDeniedException: not authorized");
}

TEST_CASE("errors are understood in the forms of all services", "[cloud]") {
  using Pair = std::pair<std::string, std::string>;
  CHECK(error_in(Service::iam,
                 "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>m</Message></Error>"
                 "</ErrorResponse>") == Pair("NoSuchEntity", "m"));
  CHECK(error_in(Service::ec2,
                 "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>m</Message>"
                 "</Error></Errors></Response>") == Pair("UnauthorizedOperation", "m"));
  CHECK(error_in(Service::ecs, "<html>") == Pair());
  CHECK(error_in(Service::ec2, "{}") == Pair());
}

TEST_CASE("a few calls are under way at once, the others wait for their turn", "[cloud]") {
  CallerEnv env;
  for (int i = 0; i < 20; ++i) env.caller.call(run_task());
  const auto first = env.orders();
  CHECK(first.size() == 8);
  env.answer(first[0], 200);
  env.answer(first[1], 500);
  CHECK(env.orders().size() == 2);
}

TEST_CASE("calls wait for credentials that are asked for, one question at a time", "[cloud]") {
  CallerEnv env{FakeSurroundings{}};
  env.caller.call(run_task());
  env.caller.call(run_task());
  for (const char* body : {"token", "role", R"({"AccessKeyId": "K", "SecretAccessKey": "S"})"})
    env.answer(env.order(), 200, body);
  CHECK(env.orders().size() == 2);
}

TEST_CASE("without credentials a call fails and says what to do", "[cloud]") {
  CallerEnv env{FakeSurroundings{}};
  env.caller.call(run_task(0));
  env.caller.on_answer(env.order().id, Error{Errc::unavailable, "refused"}, env.at);
  CHECK(env.orders().empty());
  const ApiOutcome outcome = env.outcome();
  REQUIRE(outcome.failure());
  CHECK_THAT(outcome.failure()->text, Catch::StartsWith("no AWS credentials are configured"));
}

TEST_CASE("keys that are refused are looked for again, once", "[cloud]") {
  CallerEnv env;
  env.caller.call(run_task());
  const std::string expired = R"({"__type": "ExpiredTokenException"})";
  env.answer(env.order(), 400, expired);
  env.machine.variables["AWS_ACCESS_KEY_ID"] = "NEWER";
  env.wait();
  const HttpOrder again = env.order();
  CHECK_THAT(again.request.headers.back().value, Catch::Contains("Credential=NEWER/"));
  env.answer(again, 400, expired);
  CHECK(env.outcome().failure()->is_refusal);
}

TEST_CASE("answers to nobody's order are passed over", "[cloud]") {
  CallerEnv env;
  env.caller.on_answer(77, HttpResponse{200, ""}, env.at);
  CHECK(env.caller.take_outcomes().empty());
}

TEST_CASE("a form escapes what is not plain", "[cloud]") {
  CHECK(Form(Service::iam, "GetRole").add("RoleName", "a b/\xc3\xa9~").take() ==
        "Action=GetRole&Version=2010-05-08&RoleName=a%20b%2F%C3%A9~");
}

}  // namespace scaler::cloud
