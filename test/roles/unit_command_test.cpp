#include "roles/unit_command.hpp"

#include <catch2/catch.hpp>

#include "scaler/config/commands.hpp"

namespace scaler::roles {

namespace {

config::WorkerManagerOptions plain_options() {
  config::WorkerManagerOptions options;
  options.scheduler_address = Address::parse("tcp://10.0.0.1:2345").value();
  options.worker_manager_id = "wm 1; rm -rf '/'";
  return options;
}

// As a shell would read it back: only quoting by '...' and \' outside of it is understood here.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\'') {
      quoted = !quoted;
    } else if (!quoted && line[i] == ' ') {
      words.emplace_back();
    } else {
      if (!quoted && line[i] == '\\') ++i;
      words.back() += line[i];
    }
  }
  return words;
}

}  // namespace

TEST_CASE("a unit's line is a fixed native manager that names its workers after the unit",
          "[roles]") {
  const std::string line = unit_command(plain_options(), "ECS-ab", 4);
  auto words = words_of(line);
  REQUIRE(words.at(0) == "scaler_worker_manager");
  words.erase(words.begin());
  config::Machine machine;
  machine.environment = [](const std::string&) { return std::nullopt; };
  const auto command = config::parse_worker_manager(words, machine);
  if (!command) FAIL(command.error().text);
  const config::WorkerManagerOptions& read = command->options.value();
  CHECK(read.kind == "baremetal_native");
  CHECK(read.mode == config::ManagerMode::fixed);
  CHECK(read.worker_type == "ECS-ab");
  CHECK(read.max_task_concurrency == 4);
  CHECK(read.worker_manager_id == "wm 1; rm -rf '/'");
  CHECK(read.scheduler_address.to_string() == "tcp://10.0.0.1:2345");
}

TEST_CASE("what only we know is said only when it was asked for", "[roles]") {
  config::WorkerManagerOptions options = plain_options();
  const std::string common = unit_command(options, "ECS-ab", 4);
  for (const char* own : {"--task-memory-limit", "--task-cpu-limit", "--python", "--io-threads",
                          "--event-loop", "--logging-level"})
    CHECK(common.find(own) == std::string::npos);
  options.worker_scheduler_address = Address::parse("tcp://1.2.3.4:5").value();
  options.tuning.task_cpu_limit_seconds = 7;
  options.tuning.per_worker_capabilities = "gpu,$(x)";
  const std::string more = unit_command(options, "ECS-ab", 4);
  CHECK_THAT(more, Catch::Contains(" tcp://1.2.3.4:5 "));
  CHECK_THAT(more, Catch::Contains(" --task-cpu-limit 7"));
  CHECK_THAT(more, Catch::Contains(" --per-worker-capabilities 'gpu,$(x)'"));
}

TEST_CASE("a shell takes any word as one", "[roles]") {
  CHECK(shell_word("a-b_c/d=e") == "a-b_c/d=e");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("it's $x") == "'it'\\''s $x'");
}

}  // namespace scaler::roles
