#include "scaler/manager/worker_adapter.hpp"

#include <catch2/catch.hpp>

#include "manager/effects.hpp"
#include "scaler/http/json.hpp"

namespace scaler::manager {

namespace {

struct AdapterEnv {
  WorkerAdapter adapter{2, {{"gpu", -1}}, CrewOptions{}};
  TimePoint now{};
  Effects out;

  http::Response ask(const std::string& body, const std::string& method = "POST",
                     const std::string& target = "/") {
    const auto response = adapter.on_request({method, target, body, true}, now);
    for (auto& effect : adapter.take_effects()) out.push_back(std::move(effect));
    REQUIRE(http::Json::parse(response.body));
    return response;
  }
  std::pair<std::string, std::string> start() {  // group and worker
    const auto response = ask(R"({"action": "start_worker_group"})");
    REQUIRE(response.status == 200);
    const auto json = http::Json::parse(response.body);
    const std::string worker = *(*json->find("worker_ids")->as_list())[0].as_text();
    REQUIRE(take_started(out) == std::vector<std::string>{worker});
    return {*json->text("worker_group_id"), worker};
  }
  http::Response stop(const std::string& group) {
    return ask(R"({"action": "shutdown_worker_group", "worker_group_id": ")" + group + "\"}");
  }
};

}  // namespace

TEST_CASE("an adapter says what it can run", "[manager]") {
  AdapterEnv env;
  const auto response = env.ask(R"({"action": "get_worker_adapter_info"})");
  REQUIRE(response.status == 200);
  const auto json = http::Json::parse(response.body);
  CHECK(json->number("max_worker_groups") == 2);
  CHECK(json->number("workers_per_group") == 1);
  CHECK(json->find("base_capabilities")->number("gpu") == -1);
}

TEST_CASE("an adapter without a limit names none", "[manager]") {
  WorkerAdapter adapter(-1, {}, {});
  const auto response = adapter.on_request({.method = "POST",
                                            .target = "/",
                                            .body = R"({"action": "get_worker_adapter_info"})",
                                            .keeps_alive = true},
                                           TimePoint{});
  CHECK_FALSE(http::Json::parse(response.body)->find("max_worker_groups"));
}

TEST_CASE("groups are started up to the limit and stopped by their ids", "[manager]") {
  AdapterEnv env;
  const auto [group, worker] = env.start();
  env.start();
  CHECK(env.ask(R"({"action": "start_worker_group"})").status == 429);
  CHECK(env.stop(group).status == 200);
  CHECK(take_ended(env.out) == std::vector<std::string>{worker});
  CHECK(env.stop(group).status == 404);
  env.start();  // there is room again
}

TEST_CASE("a worker that died leaves its group and is not replaced", "[manager]") {
  AdapterEnv env;
  const auto [group, worker] = env.start();
  env.adapter.on_ended(worker, {false, true, "signal 9 (Killed)"}, env.now);
  CHECK_FALSE(env.adapter.next_deadline());
  CHECK(env.stop(group).status == 404);
  env.start();
  env.start();
}

TEST_CASE("requests that mean nothing are answered with what is wrong", "[manager]") {
  AdapterEnv env;
  CHECK(env.ask("").status == 400);
  CHECK(env.ask("[]").status == 400);
  CHECK(env.ask("{}").status == 400);
  CHECK(env.ask(R"({"action": 3})").status == 400);
  CHECK(env.ask(R"({"action": "dance"})").status == 400);
  CHECK(env.ask(R"({"action": "shutdown_worker_group"})").status == 400);
  CHECK(env.ask(R"({"action": "shutdown_worker_group", "worker_group_id": "x\"y"})").status == 404);
  CHECK(env.ask("{}", "GET").status == 405);
  CHECK(env.ask("{}", "POST", "/other").status == 404);
  CHECK(env.out.empty());
}

TEST_CASE("an adapter that stops ends its workers and starts no more", "[manager]") {
  AdapterEnv env;
  const auto [group, worker] = env.start();
  env.adapter.stop(env.now);
  CHECK(env.ask(R"({"action": "start_worker_group"})").status == 500);
  CHECK_FALSE(env.adapter.finished());
  env.adapter.on_ended(worker, {false, true, "signal 15 (Terminated)"}, env.now);
  CHECK(env.adapter.finished());
}

}  // namespace scaler::manager
