#include <catch2/catch.hpp>

#include "config/settings.hpp"
#include "config/tables.hpp"
#include "fake_machine.hpp"
#include "scaler/config/commands.hpp"

using namespace scaler;
using namespace scaler::config;
using test::error_of;
using test::FakeMachine;
using test::options_of;
using test::words;

TEST_CASE("the command line wins over TOML, and TOML over the default", "[config]") {
  FakeMachine machine;
  machine.files["f"] = "[scheduler]\nbind_address = 'tcp://a:1'\nclient_timeout_seconds = 7\n";
  const auto timeout = [&](std::string_view line) {
    return options_of(parse_scheduler(words(line), machine.machine()))->client_timeout_seconds;
  };
  REQUIRE(timeout("tcp://a:1") == 60);
  REQUIRE(timeout("-c f") == 7);
  REQUIRE(timeout("-c f -ct 9") == 9);
  REQUIRE(timeout("-c f -ct 60") == 60);  // equal to the default, but said
}

TEST_CASE("a named variable stands between the command line and TOML", "[config]") {
  FakeMachine machine;
  machine.files["f"] = "[worker_manager]\ntype = 'aws_raw_ecs'\naws_access_key_id = 'of toml'\n";
  const std::string line = "tcp://a:1 -wmi x --ecs-subnets s -c f";
  const auto key = [&](const std::string& whole) {
    auto result = resolve(*manager_table("aws_raw_ecs"), words(whole), machine.machine());
    REQUIRE(result);
    return result->settings.text("aws-access-key-id");
  };
  REQUIRE(key(line) == "of toml");
  machine.variables["AWS_ACCESS_KEY_ID"] = "of environment";
  REQUIRE(key(line) == "of environment");
  REQUIRE(key(line + " --aws-access-key-id of_line") == "of_line");
}

TEST_CASE("a flag can be turned off again on the command line", "[config]") {
  FakeMachine machine;
  machine.files["f"] = "[scheduler]\nbind_address = 'tcp://a:1'\nprotected = true\n";
  REQUIRE(options_of(parse_scheduler(words("-c f"), machine.machine()))->is_protected);
  REQUIRE_FALSE(
      options_of(parse_scheduler(words("-c f -p False"), machine.machine()))->is_protected);
  REQUIRE_FALSE(options_of(parse_scheduler(words("tcp://a:1"), machine.machine()))->is_protected);
}

TEST_CASE("required values may come from TOML alone", "[config]") {
  FakeMachine machine;
  machine.files["f"] =
      "[scheduler]\nbind_address = 'tcp://a:1'\n"
      "[object_storage_server]\nbind_address = 'tcp://a:2'\n"
      "[top]\nmonitor_address = 'ipc:///tmp/m'\n[gui]\nmonitor_address = 'tcp://a:3'\n"
      "[cluster]\nscheduler_address = 'tcp://a:1'\n"
      "[[worker_manager]]\ntype = 'baremetal_native'\nscheduler_address = 'tcp://a:1'\n"
      "worker_manager_id = 'x'\n";
  const Machine fake = machine.machine();
  REQUIRE(options_of(parse_scheduler(words("-c f"), fake))->bind_address.port == 1);
  REQUIRE(options_of(parse_store(words("-c f"), fake))->bind_address.port == 2);
  REQUIRE(options_of(parse_top(words("-c f"), fake))->monitor_address.path == "/tmp/m");
  REQUIRE(options_of(parse_gui(words("-c f"), fake))->monitor_address.port == 3);
  REQUIRE(options_of(parse_cluster(words("-c f"), fake))->scheduler_address.port == 1);
  REQUIRE(
      options_of(parse_worker_manager(words("baremetal_native -c f"), fake))->worker_manager_id ==
      "x");
}

TEST_CASE("a worker manager reads the entry of its kind and no other", "[config]") {
  FakeMachine machine;
  machine.files["f"] =
      "[[worker_manager]]\ntype = 'symphony'\nmax_task_concurrency = 'nonsense'\n"
      "[[worker_manager]]\ntype = 'baremetal_native'\nscheduler_address = 'tcp://a:1'\n"
      "worker_manager_id = 'x'\nnum_of_workers = 3\n";
  const auto options =
      options_of(parse_worker_manager(words("baremetal_native -c f"), machine.machine()));
  REQUIRE(options->max_task_concurrency == 3);
}

TEST_CASE("one table counts as an array of one worker manager", "[config]") {
  FakeMachine machine;
  machine.files["f"] =
      "[worker_manager]\ntype = 'baremetal_native'\nscheduler_address = 'tcp://a:1'\n"
      "worker_manager_id = 'x'\n";
  REQUIRE(options_of(parse_worker_manager(words("baremetal_native -c f"), machine.machine())));
}

TEST_CASE("among several entries of one kind the id on the command line chooses", "[config]") {
  FakeMachine machine;
  const std::string entry =
      "[[worker_manager]]\ntype = 'baremetal_native'\nscheduler_address = 'tcp://a:1'\n";
  machine.files["f"] = entry + "worker_manager_id = 'x'\nmax_task_concurrency = 1\n" + entry +
                       "worker_manager_id = 'y'\nmax_task_concurrency = 2\n";
  const Machine fake = machine.machine();
  REQUIRE(options_of(parse_worker_manager(words("baremetal_native -c f -wmi y"), fake))
              ->max_task_concurrency == 2);
  REQUIRE(error_of(parse_worker_manager(words("baremetal_native -c f"), fake)) ==
          "f: 2 [[worker_manager]] sections have type = \"baremetal_native\"; choose one with "
          "--worker-manager-id");
  REQUIRE_FALSE(parse_worker_manager(words("baremetal_native -c f -wmi z"), fake));
}

TEST_CASE("the number of workers defaults to the CPUs less one, but at least one", "[config]") {
  FakeMachine machine;
  const auto workers = [&] {
    return options_of(
               parse_worker_manager(words("baremetal_native tcp://a:1 -wmi x"), machine.machine()))
        ->max_task_concurrency;
  };
  REQUIRE(workers() == 7);
  machine.cpu_count = 1;
  REQUIRE(workers() == 1);
}

TEST_CASE("older policy options become a policy", "[config]") {
  const FakeMachine machine;
  const auto policy = [&](std::string_view line) {
    return options_of(parse_scheduler(words(line), machine.machine()))->policy;
  };
  REQUIRE(policy("tcp://a:1 -ap capability").allocate == AllocatePolicy::capability);
  REQUIRE(policy("tcp://a:1 -ap even").allocate == AllocatePolicy::even_load);
  REQUIRE(policy("tcp://a:1 -ap even").scaling == ScalingPolicy::vanilla);
  REQUIRE(policy("tcp://a:1 -scs NULL").scaling == ScalingPolicy::no);
  REQUIRE(policy("tcp://a:1 -scs VANILLA").scaling == ScalingPolicy::vanilla);
  REQUIRE(policy("tcp://a:1").scaling == ScalingPolicy::vanilla);
}

TEST_CASE("an older cluster is a fixed native manager named after its host", "[config]") {
  const FakeMachine machine;
  auto options = options_of(parse_cluster(words("-n 2 tcp://a:1 -ds 9"), machine.machine()));
  REQUIRE(options->kind == "baremetal_native");
  REQUIRE(options->mode == ManagerMode::fixed);
  REQUIRE(options->max_task_concurrency == 2);
  REQUIRE(options->worker_type == "host");
  REQUIRE(options->worker_manager_id == "cluster-host-77");
  REQUIRE(options->tuning.death_timeout_seconds == 9);
  options = options_of(parse_cluster(words("-n 2 -wn a,b tcp://a:1"), machine.machine()));
  REQUIRE(options->worker_names == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a worker takes what its manager passes on", "[config]") {
  const FakeMachine machine;
  const auto options =
      options_of(parse_worker(test::Words{"tcp://a:1", "--worker-id", "Worker|NAT|0", "-wmi", "x",
                                          "-osa", "tcp://a:2", "-pwc", "linux,cpu=4", "--preload",
                                          "m:f('a b')", "-hps", "--python-env", "/v", "-lp", "-"},
                              machine.machine()));
  REQUIRE(options->worker_id == "Worker|NAT|0");
  REQUIRE(options->object_storage_address->port == 2);
  REQUIRE(options->tuning.per_worker_capabilities == "linux,cpu=4");
  REQUIRE(options->tuning.preload == "m:f('a b')");
  REQUIRE(options->tuning.hard_processor_suspend);
  REQUIRE(options->tuning.python_env == "/v");
  REQUIRE(options->logging.paths == std::vector<std::string>{"-"});
}
