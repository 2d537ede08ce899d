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
  REQUIRE(understood(parse_ui(words("--config older_stack.toml"), machine)).gui_address ==
          "0.0.0.0:8081");
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

TEST_CASE("an adapter's webhook reaches the configuration", "[config]") {
  const auto files = with_examples();
  const auto parsed = parse_scheduler(
      words("tcp://127.0.0.1:2345 --adapter-webhook-url http://127.0.0.1:8080"), files.machine());
  REQUIRE(parsed);
  REQUIRE(parsed->notes.empty());
  REQUIRE(parsed->options->adapter_webhook_urls ==
          std::vector<std::string>{"http://127.0.0.1:8080"});
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

TEST_CASE("the command lines of the older web page and adapters are understood", "[config]") {
  const auto files = with_examples();
  const Machine machine = files.machine();
  REQUIRE(understood(parse_ui(words("tcp://127.0.0.1:2347 --port 8081"), machine)).gui_address ==
          "0.0.0.0:8081");
  const auto native = understood(
      parse_adapter("native", words("tcp://127.0.0.1:2345 --host 127.0.0.1 --port 8080"), machine));
  REQUIRE(native.kind == "native");
  REQUIRE(native.web_host == "127.0.0.1");
  REQUIRE(native.web_port == 8080);
  REQUIRE(native.max_workers == 7);
  const auto symphony = understood(
      parse_adapter("symphony",
                    words("tcp://127.0.0.1:2345 --service-name ScalerService --base-concurrency 4 "
                          "--host 127.0.0.1 --port 8080"),
                    machine));
  REQUIRE(symphony.max_workers == 4);
}

TEST_CASE("a question finds its scheduler in a word, the environment or a file", "[config]") {
  test::FakeMachine machine;
  machine.files["f"] = "[scheduler]\nbind_address = 'tcp://*:6378'\nio_threads = 2\n";
  const auto asked = [&](const char* line) {
    return understood(parse_inquiry(Inquiry::status, words(line), machine.machine())).address;
  };
  REQUIRE(asked("tcp://a:1").to_string() == "tcp://a:1");
  REQUIRE(asked("-c f").to_string() == "tcp://127.0.0.1:6378");
  machine.variables["SCALER_ADDRESS"] = "tcp://b:2";
  REQUIRE(asked("").to_string() == "tcp://b:2");
  REQUIRE(asked("tcp://a:1").to_string() == "tcp://a:1");
  const auto why = understood(parse_inquiry(Inquiry::why, words("0a1b --json"), machine.machine()));
  REQUIRE(why.subject == "0a1b");
  REQUIRE(why.json);
  machine.variables.clear();
  REQUIRE(test::error_of(parse_inquiry(Inquiry::drain, words("w"), machine.machine())) ==
          "scheduler_address is missing: give it as a word or scheduler_address in [scheduler] "
          "with --config, or set SCALER_ADDRESS");
  REQUIRE_FALSE(parse_inquiry(Inquiry::status, words("tcp://a:0"), machine.machine()));
}
