#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

#include "fake_machine.hpp"
#include "scaler/config/stack.hpp"

using namespace scaler;
using namespace scaler::config;
using test::error_of;
using test::FakeMachine;
using test::words;

namespace {

const std::string store = "[object_storage_server]\nbind_address = 'tcp://127.0.0.1:2'\n";
const std::string scheduler = "[scheduler]\nbind_address = 'tcp://127.0.0.1:1'\n";

std::string native(const std::string& id) {
  return "[[worker_manager]]\ntype = 'baremetal_native'\nscheduler_address = 'tcp://127.0.0.1:1'\n"
         "mode = 'fixed'\nworker_manager_id = '" +
         id + "'\n";
}

Result<Command<StackOptions>> parse(const std::string& toml, FakeMachine machine = {}) {
  machine.files["f"] = toml;
  return parse_stack(words("f"), machine.machine());
}

StackOptions stack_of(const std::string& toml, FakeMachine machine = {}) {
  auto parsed = parse(toml, std::move(machine));
  INFO(error_of(parsed));
  REQUIRE(parsed);
  return *parsed->options;
}

std::string words_of(const StackProcess& process) {
  std::string line;
  for (const std::string& word : process.words) line += (line.empty() ? "" : " ") + word;
  return line;
}

std::string names_of(const StackOptions& stack) {
  std::string names;
  for (const StackProcess& process : stack.processes) names += process.name + " ";
  return names;
}

FileCheck check(const std::string& toml) {
  FakeMachine machine;
  machine.files["f"] = toml;
  return check_file("f", machine.machine());
}

}  // namespace

TEST_CASE("a stack starts with its store, then its scheduler, then its managers", "[config]") {
  REQUIRE(names_of(stack_of(native("one") + scheduler + native("two") + store)) ==
          "store scheduler one two ");
}

TEST_CASE("a section becomes the command line that says the same", "[config]") {
  const auto stack = stack_of(
      "[scheduler]\nbind_address = 'tcp://127.0.0.1:1'\nprotected = true\nlogging_paths = ['/a b', "
      "'-']\npolicy = {policy_content = 'allocate=even_load; scaling=no'}\n");
  REQUIRE(stack.processes[0].words == test::Words{"scheduler", "--protected=true",
                                                  "--policy-content=allocate=even_load; scaling=no",
                                                  "--logging-paths=/a b", "--logging-paths=-",
                                                  "tcp://127.0.0.1:1"});
  FakeMachine machine;
  const auto again =
      parse_scheduler(std::span(stack.processes[0].words).subspan(1), machine.machine());
  INFO(error_of(again));
  REQUIRE(again);
  REQUIRE(again->options->logging.paths == std::vector<std::string>{"/a b", "-"});
  REQUIRE(again->options->policy.scaling == ScalingPolicy::no);
}

TEST_CASE("two managers of one kind each get their own section's values", "[config]") {
  const auto stack = stack_of(native("one") + "max_task_concurrency = 3\n" + native("two"));
  REQUIRE(words_of(stack.processes[0]).find("--worker-manager-id=one") != std::string::npos);
  REQUIRE(words_of(stack.processes[0]).find("--max-task-concurrency=3") != std::string::npos);
  REQUIRE(words_of(stack.processes[1]).find("--worker-manager-id=two") != std::string::npos);
  REQUIRE(words_of(stack.processes[1]).find("--max-task-concurrency") == std::string::npos);
}

TEST_CASE("a scheduler without a store's address uses the one of its file", "[config]") {
  REQUIRE(words_of(stack_of(store + scheduler).processes[1]) ==
          "scheduler --object-storage-address=tcp://127.0.0.1:2 "
          "--advertised-object-storage-address=tcp://127.0.0.1:2 tcp://127.0.0.1:1");
  const std::string all = "[object_storage_server]\nbind_address = 'tcp://*:2'\n";
  REQUIRE(words_of(stack_of(all + scheduler).processes[1]) ==
          "scheduler --object-storage-address=tcp://127.0.0.1:2 "
          "--advertised-object-storage-address=tcp://0.0.0.0:2 tcp://127.0.0.1:1");
  REQUIRE(
      words_of(
          stack_of(store + scheduler + "object_storage_address = 'tcp://far:9'\n").processes[1]) ==
      "scheduler --object-storage-address=tcp://far:9 tcp://127.0.0.1:1");
  REQUIRE(words_of(stack_of(scheduler).processes[0]) == "scheduler tcp://127.0.0.1:1");
  REQUIRE(error_of(parse("[object_storage_server]\nbind_address = 'tcp://a:0'\n" + scheduler)) ==
          "f:3: object_storage_address: missing in [scheduler], since [object_storage_server] has "
          "no fixed port");
}

TEST_CASE("the older cluster section is a manager of fixed workers", "[config]") {
  const auto stack = stack_of(
      scheduler + "[cluster]\nscheduler_address = 'tcp://127.0.0.1:1'\nnum_of_workers = 2\n");
  REQUIRE(names_of(stack) == "scheduler cluster ");
  REQUIRE(words_of(stack.processes[1]) == "cluster --max-task-concurrency=2 tcp://127.0.0.1:1");
}

TEST_CASE("the older section of native workers over HTTP starts an adapter", "[config]") {
  const std::string adapter =
      "[native_worker_adapter]\nscheduler_address = 'tcp://127.0.0.1:1'\nadapter_web_port = 8081\n"
      "max_workers = 2\n";
  const auto stack = stack_of(adapter + scheduler);
  REQUIRE(names_of(stack) == "scheduler adapter ");
  REQUIRE(words_of(stack.processes[1]) ==
          "worker_adapter_native --adapter-web-port=8081 --max-workers=2 tcp://127.0.0.1:1");
  REQUIRE(error_of(parse("[native_worker_adapter]\nscheduler_address = 'tcp://a:1'\nport = 2\n"
                         "host = '127.0.0.1'\n" +
                         store)) ==
          "f:6: bind_address: tcp://127.0.0.1:2 is the address in line 3 too");
}

TEST_CASE("lines carry a name only where processes share a stream", "[config]") {
  const auto shares = [](const std::string& toml) {
    std::string names;
    for (const StackProcess& process : stack_of(toml).processes)
      if (process.shares_stream) names += process.name + " ";
    return names;
  };
  REQUIRE(shares(store + scheduler) == "store scheduler ");
  REQUIRE(shares(store + "logging_paths = '/s'\n" + scheduler + "logging_paths = '/t'\n").empty());
  REQUIRE(shares(store + "logging_paths = '/s'\n" + scheduler + "logging_paths = '/s'\n") ==
          "store scheduler ");
  REQUIRE(shares(store + "logging_paths = '-'\n" + scheduler + "logging_paths = '/t'\n") ==
          "store ");
}

TEST_CASE("what this build cannot start is told in one line and skipped", "[config]") {
  const auto parsed =
      parse(scheduler + "[top]\nmonitor_address = 'tcp://a:3'\n" +
            "[[worker_manager]]\ntype = 'symphony'\nscheduler_address = 'tcp://a:1'\n"
            "worker_manager_id = 's'\nservice_name = 'x'\n"
            "[symphony_worker_adapter]\nscheduler_address = 'tcp://a:1'\nservice_name = 'x'\n");
  REQUIRE(error_of(parsed).empty());
  REQUIRE(names_of(*parsed->options) == "scheduler ");
  REQUIRE(parsed->notes.size() == 3);
  REQUIRE(parsed->notes[0].level == log::Level::info);
  REQUIRE(parsed->notes[0].text.find("f:3: [top]: ") == 0);
  REQUIRE(parsed->notes[1].level == log::Level::warning);
  REQUIRE(parsed->notes[1].text ==
          "f:5: [[worker_manager]] s: kind symphony: this build does not have it yet, skipped");
  REQUIRE(parsed->notes[2].text.find("f:10: [symphony_worker_adapter]: ") == 0);
}

TEST_CASE("a web page starts behind all that it shows", "[config]") {
  for (const std::string name : {"gui", "webui"}) {
    const auto parsed =
        parse("[" + name + "]\nmonitor_address = 'tcp://a:3'\n" + scheduler + native("x") + store);
    REQUIRE(error_of(parsed).empty());
    REQUIRE(names_of(*parsed->options) == "store scheduler x gui ");
    REQUIRE(parsed->options->processes.back().words ==
            std::vector<std::string>{name == "gui" ? "gui" : "ui", "tcp://a:3"});
  }
  REQUIRE(parse("[gui]\nmonitor_address = 'tcp://a:3'\nallow_origin = ['http://b', 'http://c']\n")
              ->options->processes[0]
              .words == std::vector<std::string>{"gui", "--allow-origin=http://b",
                                                 "--allow-origin=http://c", "tcp://a:3"});
}

TEST_CASE("one wrong section of any kind stops the whole file", "[config]") {
  const std::string kinds = "baremetal_native, symphony, aws_raw_ecs, aws_hpc, orb_aws_ec2";
  const auto error = [](const std::string& toml) { return error_of(parse(scheduler + toml)); };
  REQUIRE(
      error("[object_storage_server]\nbind_address = 'nowhere'\n").find("f:4: bind_address: ") ==
      0);
  REQUIRE(error("[object_storage_server]\n") ==
          "f:3: bind_address: missing in [object_storage_server]");
  REQUIRE(error("[top]\nmonitor_address = 'tcp://a:3'\ntimeout = 0\n").find("f:5: timeout: ") == 0);
  REQUIRE(error("[gui]\n") == "f:3: monitor_address: missing in [gui]");
  REQUIRE(error("[[worker_manager]]\ntype = 'lunar'\n") ==
          "f:3: type: unknown kind 'lunar' (one of " + kinds + ")");
  REQUIRE(error("[[worker_manager]]\n") == "f:3: type: the kind is missing (one of " + kinds + ")");
  REQUIRE(error("[[worker_manager]]\ntype = 'aws_hpc'\n")
              .find("f:3: scheduler_address: missing in "
                    "[worker_manager] (4 more: scaler "
                    "config check f)") == 0);
  REQUIRE(error(native("x") + native("x")) ==
          "f:12: worker_manager_id: 'x' is the id of the section in line 3 too");
  REQUIRE(error("[object_storage_server]\nbind_address = 'tcp://127.0.0.1:1'\n") ==
          "f:4: bind_address: tcp://127.0.0.1:1 is the address in line 2 too");
  REQUIRE(error_of(parse("[[scheduler]]\nbind_address = 'tcp://a:1'\n[[scheduler]]\n")) ==
          "f:3: a second [[scheduler]] section, where one is expected");
}

TEST_CASE("a file without anything to start is refused", "[config]") {
  REQUIRE(error_of(parse("")).find("f: none of the sections") == 0);
  REQUIRE(error_of(parse("[other]\nx = 1\n")).find("f: none of the sections") == 0);
  REQUIRE(error_of(parse("[top]\nmonitor_address = 'tcp://a:3'\n")).find("f: nothing to start") ==
          0);
}

TEST_CASE("the launcher's file is a word or an option, once", "[config]") {
  FakeMachine machine;
  machine.files["f"] = scheduler;
  for (const char* line : {"f", "-c f", "--config f", "--config=f", "-c=f"})
    REQUIRE(error_of(parse_stack(words(line), machine.machine())).empty());
  for (const char* line : {"", "f f", "f -c f", "f --protected", "-c"})
    REQUIRE_FALSE(error_of(parse_stack(words(line), machine.machine())).empty());
  REQUIRE(error_of(parse_stack(words("g"), machine.machine())) == "g: No such file or directory");
  REQUIRE_FALSE(parse_stack(words("f -h"), machine.machine())->options);
}

TEST_CASE("secrets of a section travel in the environment", "[config]") {
  FakeMachine machine;
  machine.files["f"] =
      "[[worker_manager]]\ntype = 'aws_raw_ecs'\nscheduler_address = 'tcp://a:1'\n"
      "worker_manager_id = 'x'\necs_subnets = 's'\naws_secret_access_key = 'hush'\n";
  const auto shown = show_options(words("worker_manager aws_raw_ecs -c f"), machine.machine());
  REQUIRE(error_of(shown).empty());
  REQUIRE((*shown)->find("hush") == std::string::npos);
  REQUIRE((*shown)->find("aws_secret_access_key") != std::string::npos);
}

TEST_CASE("a check lists every finding, unknown keys and sections included", "[config]") {
  const FileCheck found = check("loose = 1\n" + scheduler +
                                "protectd = true\nio_threads = 0\nclient_timeout_seconds = "
                                "'x'\n[schedulr]\n[[worker_manager]]\ntype = 'lunar'\n");
  REQUIRE(found.findings.size() == 6);
  for (const char* start :
       {"f:5: io_threads: 0 is not", "f:6: client_timeout_seconds: 'x'", "f:8: type: unknown kind",
        "f:1: loose: ", "f:7: section [schedulr]", "f:4: protectd: unknown key"})
    REQUIRE(std::any_of(found.findings.begin(), found.findings.end(),
                        [&](const std::string& text) { return text.find(start) == 0; }));
}

TEST_CASE("a check lists what is wrong between options beside what is wrong in one, by line",
          "[config]") {
  const FileCheck found = check(
      "[scheduler]\n"                                                                   // 1
      "worker_timeout_seconds = 0\n"                                                    // 2
      "client_timeout_seconds = 'x'\n"                                                  // 3
      "policy_content = 'allocate=never; scaling=no'\n"                                 // 4
      "tls_cert = 'c'\n"                                                                // 5
      "monitor_address = 'tcp://127.0.0.1:9'\n"                                         // 6
      "[object_storage_server]\n"                                                       // 7
      "bind_address = 'tcp://127.0.0.1:9'\n"                                            // 8
      "memory_limit_bytes = -1\n"                                                       // 9
      "[[worker_manager]]\n"                                                            // 10
      "type = 'baremetal_native'\nscheduler_address = 'tcp://127.0.0.1:1'"              // 11, 12
      "\nworker_manager_id = 'a'\nmode = 'fixed'\n"                                     // 13, 14
      "max_task_concurrency = -1\npreload = 'x y'\n"                                    // 15, 16
      "[[worker_manager]]\ntype = 'baremetal_native'\nio_threads = 0\n"                 // 17 to 19
      "worker_manager_id = 'a'\n"                                                       // 20
      "[[worker_manager]]\ntype = 'baremetal_native'\n"                                 // 21, 22
      "scheduler_address = 'tcp://127.0.0.1:1'\nworker_manager_id = \"a\\u0000b\"\n");  // 23, 24
  std::vector<std::string> expected = {
      "f:1: bind_address: missing in",
      "f:2: worker_timeout_seconds: 0 is",
      "f:3: client_timeout_seconds: 'x' is",
      "f:4: policy_content: allocate: 'never' is",
      "f:5: tls_cert: --tls-cert and --tls-key go",
      "f:8: bind_address: tcp://127.0.0.1:9 is the address in line 6 too",
      "f:9: memory_limit_bytes: -1 is",
      "f:15: max_task_concurrency: -1 is not allowed with",
      "f:16: preload: 'x y' is not allowed",
      "f:17: scheduler_address: missing in",
      "f:19: io_threads: 0 is",
      "f:20: worker_manager_id: 'a' is the id of the section in line 10 too",
      "f:24: worker_manager_id: 'a\\x00b' holds a zero byte",
  };
  REQUIRE(found.findings.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO(found.findings[i]);
    REQUIRE(found.findings[i].substr(0, expected[i].size()) == expected[i]);
  }
}

TEST_CASE("a check does not take an option for wrong because of another that is", "[config]") {
  const FileCheck found =
      check(scheduler + "policy_engine_type = 'waterfall'\npolicy_content = '1,a,2'\n" +
            native("x") + "max_task_concurrency = 'x'\n");
  REQUIRE(found.findings.size() == 2);
  REQUIRE(found.findings[0].find("f:3: policy_engine_type: 'waterfall' is") == 0);
  REQUIRE(found.findings[1].find("f:10: max_task_concurrency: 'x' is") == 0);
}

TEST_CASE("a folder that nothing will go to is told", "[config]") {
  const FileCheck found = check(store + "spill_directory = '/tmp'\n");
  REQUIRE(found.findings == std::vector<std::string>{
                                "f:3: spill_directory: nothing goes there without a memory limit "
                                "(memory_limit_bytes)"});
  REQUIRE(parse(store + "spill_directory = '/tmp'\n"));
}

TEST_CASE("a check of a right file has a line for each section", "[config]") {
  const FileCheck found = check(store + scheduler + native("x") +
                                "[gui]\nmonitor_address = "
                                "'tcp://a:3'\n");
  REQUIRE(found.findings.empty());
  REQUIRE(found.sections ==
          std::vector<std::string>{"f:1: [object_storage_server]: ok", "f:3: [scheduler]: ok",
                                   "f:5: [[worker_manager]] x: ok", "f:10: [gui]: ok"});
  REQUIRE(check("").findings == std::vector<std::string>{"f: no section that a command reads"});
  REQUIRE(check("[x\n").findings.size() == 1);
}

TEST_CASE("a shown option says its value, its unit and where it was said", "[config]") {
  FakeMachine machine;
  machine.files["f"] = scheduler + "client_timeout_seconds = 7\n";
  const auto shown = show_options(words("scheduler -c f -wt 9 -lp /a /b"), machine.machine());
  REQUIRE(error_of(shown).empty());
  const auto line = [](const std::string& text, const std::string& name) {
    const std::size_t at = text.find("\n" + name + " ") + 1;
    std::string squeezed;
    for (char letter : text.substr(at, text.find('\n', at) - at))
      if (letter != ' ' || squeezed.empty() || squeezed.back() != ' ') squeezed += letter;
    return squeezed;
  };
  const std::string text = "\n" + **shown;
  REQUIRE(line(text, "bind_address") == "bind_address tcp://127.0.0.1:1 f:2");
  REQUIRE(line(text, "client_timeout_seconds") == "client_timeout_seconds 7 seconds f:3");
  REQUIRE(line(text, "worker_timeout_seconds") == "worker_timeout_seconds 9 seconds command line");
  REQUIRE(line(text, "io_threads") == "io_threads 1 threads default");
  REQUIRE(line(text, "logging_paths") == "logging_paths /a /b command line");
  REQUIRE(line(text, "monitor_address") == "monitor_address (bind host, bind port + 2) default");
  const auto native_shown =
      show_options(words("worker_manager baremetal_native tcp://a:1 -wmi x"), machine.machine());
  REQUIRE(line("\n" + **native_shown, "max_task_concurrency") ==
          "max_task_concurrency 7 workers default");
}

TEST_CASE("a wrong role or option is not shown", "[config]") {
  const FakeMachine machine;
  const auto error = [&](std::string_view line) {
    return error_of(show_options(words(line), machine.machine()));
  };
  REQUIRE(error("").find("the role is missing (one of scheduler, ") == 0);
  REQUIRE(error("schedular").find("unknown role 'schedular' (did you mean scheduler? ") == 0);
  REQUIRE(error("worker_manager").find("the kind is missing") == 0);
  REQUIRE(error("scheduler tcp://a:1 -it 0").find("--io-threads: 0 is not allowed") == 0);
  REQUIRE(error("cluster tcp://a:1 -n 2 -wn a").find("--worker-names: 1 names") == 0);
}

TEST_CASE("the documents' stacks are launched from their files as they stand", "[config]") {
  FakeMachine machine;
  for (const char* name : {"stack.toml", "older_stack.toml"}) {
    std::ifstream file(std::string(SCALER_CONFIG_TEST_DIR "/examples/") + name);
    machine.files[name] = {std::istreambuf_iterator<char>(file), {}};
    REQUIRE(check_file(name, machine.machine()).findings.empty());
  }
  const auto names = [&](const char* name) {
    return names_of(*parse_stack(words(name), machine.machine())->options);
  };
  REQUIRE(names("stack.toml") == "store scheduler wm-native wm-ecs gui ");
  REQUIRE(names("older_stack.toml") == "store scheduler cluster gui ");
}

TEST_CASE("each shell's script knows every command and option", "[config]") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = completion_script(shell, "scheduler top");
    for (const char* word : {"client-timeout-seconds", "aosa", "builtin uvloop", "orb_aws_ec2",
                             "scheduler top", "service-name"})
      REQUIRE(script.find(word) != std::string::npos);
  }
  REQUIRE(completion_script("csh", "x").empty());
}
