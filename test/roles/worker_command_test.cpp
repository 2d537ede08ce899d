#include "roles/worker_command.hpp"

#include <catch2/catch.hpp>

#include "scaler/config/commands.hpp"

namespace scaler::roles {

namespace {

config::Machine nowhere() {
  config::Machine machine;
  machine.environment = [](const std::string&) { return std::nullopt; };
  machine.read_file = [](const std::string& path) -> Result<std::string> {
    return Error{Errc::not_found, path};
  };
  return machine;
}

config::WorkerOptions read_back(const config::WorkerOptions& options) {
  std::vector<std::string> words = worker_command(options);
  REQUIRE(words[0] == "scaler");
  REQUIRE(words[1] == "worker");
  words.erase(words.begin(), words.begin() + 2);
  const auto command = config::parse_worker(words, nowhere());
  if (!command) FAIL(command.error().text);
  return command->options.value();
}

}  // namespace

TEST_CASE("a worker is started with every option of its manager", "[roles]") {
  config::WorkerOptions options;
  options.scheduler_address = Address::parse("tcp://10.0.0.1:2345").value();
  options.object_storage_address = Address::parse("tcp://10.0.0.2:2346").value();
  options.worker_id = "Worker|FIX|aa|bb";
  options.worker_manager_id = "wm 1";
  options.tuning = {
      "linux,cpu=4",     7,  3, 11, 13, 17, 19, true, 2, "uvloop", "m:f('x y')", "/opt/env",
      "/opt/python3.13", 23, 29};
  options.logging.level = log::Level::warning;
  options.logging.paths = {"/dev/stdout", "/tmp/with space.log"};
  const config::WorkerOptions read = read_back(options);
  REQUIRE(read.scheduler_address == options.scheduler_address);
  REQUIRE(read.object_storage_address == options.object_storage_address);
  REQUIRE(read.worker_id == options.worker_id);
  REQUIRE(read.worker_manager_id == options.worker_manager_id);
  REQUIRE(read.tuning.per_worker_capabilities == "linux,cpu=4");
  REQUIRE(read.tuning.per_worker_task_queue_size == 7);
  REQUIRE(read.tuning.heartbeat_interval_seconds == 3);
  REQUIRE(read.tuning.task_timeout_seconds == 11);
  REQUIRE(read.tuning.death_timeout_seconds == 13);
  REQUIRE(read.tuning.garbage_collect_interval_seconds == 17);
  REQUIRE(read.tuning.trim_memory_threshold_bytes == 19);
  REQUIRE(read.tuning.hard_processor_suspend);
  REQUIRE(read.tuning.io_threads == 2);
  REQUIRE(read.tuning.event_loop == "uvloop");
  REQUIRE(read.tuning.preload == "m:f('x y')");
  REQUIRE(read.tuning.python_env == "/opt/env");
  REQUIRE(read.tuning.python == "/opt/python3.13");
  REQUIRE(read.tuning.task_memory_limit_bytes == 23);
  REQUIRE(read.tuning.task_cpu_limit_seconds == 29);
  REQUIRE(read.logging.level == log::Level::warning);
  REQUIRE(read.logging.paths == options.logging.paths);
}

TEST_CASE("options that were not given stay so in the worker", "[roles]") {
  config::WorkerOptions options;
  options.scheduler_address = Address::parse("tcp://10.0.0.1:2345").value();
  options.worker_id = "Worker|FIX|aa|bb";
  options.worker_manager_id = "wm";
  options.logging.paths = {};  // silence
  const config::WorkerOptions read = read_back(options);
  REQUIRE_FALSE(read.object_storage_address);
  REQUIRE_FALSE(read.tuning.hard_processor_suspend);
  REQUIRE(read.tuning.preload.empty());
  REQUIRE(read.tuning.python_env.empty());
  REQUIRE(read.tuning.python.empty());
  REQUIRE(read.tuning.task_memory_limit_bytes == 0);
  REQUIRE(read.tuning.task_cpu_limit_seconds == 0);
  REQUIRE(read.logging.paths.empty());
}

TEST_CASE("a zygote's processors log where the worker does", "[roles]") {
  config::WorkerOptions options;
  options.scheduler_address = Address::parse("tcp://10.0.0.1:2345").value();
  options.worker_id = "Worker|FIX|aa|bb";
  options.logging.level = log::Level::debug;
  options.logging.paths = {"a", "b"};
  REQUIRE(zygote_command(options) ==
          std::vector<std::string>{"scaler", "zygote", "--control-fd", "3", "--worker-id",
                                   "Worker|FIX|aa|bb", "--scheduler-address", "tcp://10.0.0.1:2345",
                                   "--gc-seconds", "30", "--trim-bytes", "1073741824",
                                   "--log-level", "DEBUG", "--log-path", "a", "--log-path", "b"});
}

TEST_CASE("a zygote hears of the limits that are set", "[roles]") {
  config::WorkerOptions options;
  options.scheduler_address = Address::parse("tcp://10.0.0.1:2345").value();
  options.tuning.task_memory_limit_bytes = 1000;
  options.tuning.task_cpu_limit_seconds = 7;
  const std::vector<std::string> words = zygote_command(options);
  const auto follows = [&](const char* name, const char* value) {
    const auto found = std::find(words.begin(), words.end(), name);
    return found != words.end() && *std::next(found) == value;
  };
  REQUIRE(follows("--memory-limit", "1000"));
  REQUIRE(follows("--cpu-limit", "7"));
}

}  // namespace scaler::roles
