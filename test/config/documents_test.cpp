#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

#include "fake_machine.hpp"
#include "scaler/config/commands.hpp"

// The configurations and command lines that users' documents show.
using namespace scaler;
using namespace scaler::config;
using test::words;

namespace {

test::FakeMachine with_examples() {
  test::FakeMachine machine;
  for (const char* name : {"stack.toml", "older_stack.toml"}) {
    std::ifstream file(std::string(SCALER_CONFIG_TEST_DIR "/examples/") + name);
    machine.files[name] = {std::istreambuf_iterator<char>(file), {}};
    REQUIRE_FALSE(machine.files[name].empty());
  }
  return machine;
}

template <class Parsed>
auto understood(Parsed parsed) {
  INFO((parsed ? "" : parsed.error().text));
  REQUIRE(parsed);
  for (const Note& note : parsed->notes) FAIL(note.text);
  REQUIRE(parsed->options);
  return *parsed->options;
}

}  // namespace

TEST_CASE("the example of a whole stack is read by each of its commands", "[config]") {
  const auto files = with_examples();
  const Machine machine = files.machine();
  const auto scheduler = understood(parse_scheduler(words("--config stack.toml"), machine));
  REQUIRE(scheduler.bind_address.port == 6378);
  REQUIRE(scheduler.object_storage_address->port == 6379);
  REQUIRE_FALSE(scheduler.advertised_object_storage_address);
  REQUIRE(scheduler.monitor_address->port == 6380);
  REQUIRE(scheduler.policy.scaling == ScalingPolicy::no);
  REQUIRE(understood(parse_store(words("--config stack.toml tcp://127.0.0.1:6379"), machine))
              .bind_address.port == 6379);
  REQUIRE(understood(parse_top(words("--config stack.toml"), machine)).timeout_seconds == 5);
  REQUIRE(understood(parse_gui(words("--config stack.toml"), machine)).gui_address ==
          "127.0.0.1:50001");
  for (const auto& [kind, id] :
       std::map<std::string, std::string>{{"baremetal_native", "wm-native"},
                                          {"symphony", "wm-symphony"},
                                          {"aws_raw_ecs", "wm-ecs"},
                                          {"aws_hpc", "wm-batch"},
                                          {"orb_aws_ec2", "wm-orb"}}) {
    const auto manager =
        understood(parse_worker_manager(test::Words{kind, "--config", "stack.toml"}, machine));
    REQUIRE(manager.kind == kind);
    REQUIRE(manager.worker_manager_id == id);
  }
}

TEST_CASE("the older example is read by each of its commands", "[config]") {
  const auto files = with_examples();
  const Machine machine = files.machine();
  const auto scheduler = understood(parse_scheduler(words("--config older_stack.toml"), machine));
  REQUIRE(scheduler.bind_address.port == 6378);
  REQUIRE(scheduler.policy.allocate == AllocatePolicy::even_load);
  REQUIRE(scheduler.logging.paths ==
          std::vector<std::string>{"/dev/stdout", "/var/log/scaler/scheduler.log"});
  REQUIRE(understood(parse_store(words("--config older_stack.toml"), machine)).bind_address.port ==
          6379);
  const auto cluster = understood(parse_cluster(words("--config older_stack.toml"), machine));
  REQUIRE(cluster.max_task_concurrency == 8);
  REQUIRE(cluster.tuning.task_timeout_seconds == 600);
  REQUIRE(cluster.tuning.per_worker_capabilities == "linux,cpu=8");
  REQUIRE(understood(parse_cluster(words("--config older_stack.toml --num-of-workers 12"), machine))
              .max_task_concurrency == 12);
}

TEST_CASE("the scheduler command lines of the documents are understood", "[config]") {
  const auto files = with_examples();
  const Machine machine = files.machine();
  for (const char* line :
       {"tcp://127.0.0.1:2345", "tcp://127.0.0.1:8516 -osa tcp://127.0.0.1:8517",
        "--config stack.toml tcp://127.0.0.1:6378",
        "tcp://127.0.0.1:8516 --object-storage-address tcp://127.0.0.1:8517 --protected",
        "tcp://127.0.0.1:8516 --object-storage-address tcp://127.0.0.1:8517 -el uvloop",
        "tcp://127.0.0.1:8516 -p False", "tcp://127.0.0.1:8516 -e uvloop",
        "--event-loop uvloop tcp://127.0.0.1:2345",
        "--allocate-policy capability tcp://127.0.0.1:2345"}) {
    CAPTURE(line);
    REQUIRE_FALSE(understood(parse_scheduler(words(line), machine)).bind_address.host.empty());
  }
}

TEST_CASE("an adapter's webhook is accepted with a warning", "[config]") {
  const auto files = with_examples();
  const auto parsed = parse_scheduler(
      words("tcp://127.0.0.1:2345 --adapter-webhook-url http://127.0.0.1:8080"), files.machine());
  REQUIRE(parsed);
  REQUIRE(parsed->notes.size() == 1);
  REQUIRE(parsed->notes[0].level == log::Level::warning);
}

TEST_CASE("the worker command lines of the documents are understood", "[config]") {
  const auto files = with_examples();
  const Machine machine = files.machine();
  const auto fixed = understood(parse_worker_manager(
      words("baremetal_native tcp://127.0.0.1:6378 --worker-manager-id wm-fixed --mode fixed "
            "--max-task-concurrency 10 -dts 300"),
      machine));
  REQUIRE(fixed.mode == ManagerMode::fixed);
  REQUIRE(fixed.max_task_concurrency == 10);
  const std::string preload = "mypackage.init:configure('production', debug=False)";
  REQUIRE(understood(parse_worker_manager(
                         test::Words{"baremetal_native", "tcp://127.0.0.1:6378",
                                     "--worker-manager-id", "wm-preload", "--preload", preload},
                         machine))
              .tuning.preload == preload);
  REQUIRE(
      understood(parse_cluster(test::Words{"tcp://127.0.0.1:8516", "--preload", preload}, machine))
          .tuning.preload == preload);
  for (const char* line : {"-n 4 tcp://127.0.0.1:2345", "-n 10 tcp://127.0.0.1:8516 -ds 300",
                           "-n 4 --per-worker-capabilities gpu,linux tcp://127.0.0.1:2345"})
    REQUIRE(understood(parse_cluster(words(line), machine)).mode == ManagerMode::fixed);
}
