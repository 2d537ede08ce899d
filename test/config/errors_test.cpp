#include <catch2/catch.hpp>

#include "fake_machine.hpp"
#include "scaler/config/commands.hpp"

using namespace scaler;
using namespace scaler::config;
using test::error_of;
using test::FakeMachine;
using test::options_of;
using test::words;

namespace {

// The scheduler's complaint about this line, with the TOML text as the file "f".
std::string scheduler_error(std::vector<std::string> line, const std::string& toml = {}) {
  FakeMachine machine;
  machine.files["f"] = toml;
  const auto parsed = parse_scheduler(line, machine.machine());
  REQUIRE_FALSE(parsed);
  REQUIRE(parsed.error().code == Errc::usage);
  REQUIRE(parsed.error().text.find('\n') == std::string::npos);
  return parsed.error().text;
}

std::string native_error(std::string_view line, const std::string& toml = {}) {
  FakeMachine machine;
  machine.files["f"] = toml;
  const auto parsed = parse_worker_manager(words(line), machine.machine());
  REQUIRE_FALSE(parsed);
  return parsed.error().text;
}

std::vector<Note> notes_of(const std::string& toml) {
  FakeMachine machine;
  machine.files["f"] = toml;
  auto parsed = parse_scheduler(words("-c f"), machine.machine());
  INFO(error_of(parsed));
  REQUIRE(parsed);
  return parsed->notes;
}

const std::string head = "[scheduler]\nbind_address = 'tcp://a:1'\n";

}  // namespace

TEST_CASE("a certificate and its key go together, and a port that encrypts needs them",
          "[config]") {
  REQUIRE(scheduler_error(words("tcp://a:1 -tc x.pem")).find("--tls-cert: ") == 0);
  REQUIRE(scheduler_error(words("-c f"), head + "tls_key = 'x.key'\n").find("go together") !=
          std::string::npos);
  REQUIRE(scheduler_error(words("tls://a:1")).find("needs a certificate and its key") !=
          std::string::npos);
  REQUIRE(scheduler_error(words("tcp://a:1 -ma wss://a:2/")).find("needs a certificate") !=
          std::string::npos);
  REQUIRE(native_error("baremetal_native tls://a:1 -wmi x -tk x.key").find("--tls-key: ") == 0);
  FakeMachine machine;
  REQUIRE_FALSE(parse_store(words("tls://a:1"), machine.machine()));
  const auto store = parse_store(words("tls://a:1 -tc x.pem -tk x.key"), machine.machine());
  REQUIRE(store);
  REQUIRE(store->options->tls.cert == "x.pem");
  REQUIRE_FALSE(parse_top(words("tls://a:1 -tc x.pem"), machine.machine()));
  REQUIRE(parse_top(words("tls://a:1"), machine.machine()));  // who connects needs none
}

TEST_CASE("a number out of range names option, value and what is allowed", "[config]") {
  REQUIRE(scheduler_error(words("tcp://a:1 --client-timeout-seconds 0")) ==
          "--client-timeout-seconds: 0 is not allowed (a whole number of seconds, at least 1)");
  REQUIRE(scheduler_error(words("tcp://a:1 -mt -2")) ==
          "--max-number-of-tasks-waiting: -2 is not allowed (a whole number of tasks, at least -1 "
          "(-1: no limit))");
  REQUIRE(scheduler_error(words("tcp://a:1 -it 0")) ==
          "--io-threads: 0 is not allowed (a whole number of threads, at least 1)");
  REQUIRE(scheduler_error(words("tcp://a:1 -ls 0")).find("not 0 (below 0: never)") !=
          std::string::npos);
  REQUIRE(scheduler_error(words("tcp://a:1 -ct 99999999999")).find("at most 1000000000") !=
          std::string::npos);
  REQUIRE(native_error("baremetal_native tcp://a:1 -wmi x -mtc -2")
              .find("--max-task-concurrency: -2 is not allowed") == 0);
}

TEST_CASE("what is no number is told apart from a wrong one", "[config]") {
  REQUIRE(scheduler_error(words("tcp://a:1 -ct ten")) ==
          "--client-timeout-seconds: 'ten' is not allowed (a whole number of seconds, at least 1)");
  REQUIRE(scheduler_error(words("tcp://a:1 -ct 1.5")).find("'1.5' is not allowed") !=
          std::string::npos);
}

TEST_CASE("a wrong choice lists the right ones", "[config]") {
  REQUIRE(scheduler_error(words("tcp://a:1 -el fast")) ==
          "--event-loop: 'fast' is not allowed (one of builtin, uvloop)");
  REQUIRE(scheduler_error(words("tcp://a:1 -ll LOUD")).find("one of CRITICAL, ERROR") !=
          std::string::npos);
}

TEST_CASE("a wrong address says which part is wrong", "[config]") {
  REQUIRE(scheduler_error(words("tcp://a"))
              .find("bind_address: 'tcp://a' is not an address: the "
                    "port is missing") == 0);
  REQUIRE(scheduler_error(words("tcp://a:1 -osa http://b:1")).find("--object-storage-address: ") ==
          0);
  REQUIRE(scheduler_error(words("tcp://a:1 -osa ipc:///tmp/s"))
              .find("--object-storage-address: 'ipc:///tmp/s' is not allowed (a tcp address") == 0);
  REQUIRE(scheduler_error(words("tcp://a:1 -osa tcp://b:0"))
              .find("has port 0, which only a listener") != std::string::npos);
  REQUIRE(scheduler_error(words("tcp://a:1 -osa tcp://*:5"))
              .find("has host *, which only a listener") != std::string::npos);
}

TEST_CASE("a listener may have port 0 and host *", "[config]") {
  const FakeMachine machine;
  REQUIRE(parse_scheduler(words("tcp://*:0 -ma ipc:///tmp/m"), machine.machine()));
}

TEST_CASE("a missing required value says where it may stand", "[config]") {
  REQUIRE(
      scheduler_error({}) ==
      "bind_address is missing: give it as a word or bind_address in [scheduler] with --config");
  REQUIRE(
      scheduler_error(words("-c f"), "[gui]\n") ==
      "bind_address is missing: give it as a word or bind_address in [scheduler] of f, which has "
      "no such section");
  REQUIRE(native_error("baremetal_native tcp://a:1") ==
          "--worker-manager-id is missing: give --worker-manager-id or worker_manager_id in "
          "[worker_manager] with --config");
}

TEST_CASE("an address swallowed by a list is pointed out", "[config]") {
  REQUIRE(scheduler_error(words("-lp /tmp/a tcp://a:1"))
              .find("; --logging-paths took 'tcp://a:1': put it before that option") !=
          std::string::npos);
}

TEST_CASE("an empty id is refused", "[config]") {
  FakeMachine machine;
  const auto parsed = parse_worker_manager(test::Words{"baremetal_native", "tcp://a:1", "-wmi", ""},
                                           machine.machine());
  REQUIRE(error_of(parsed) == "--worker-manager-id: '' is not allowed (text that is not empty)");
}

TEST_CASE("a word too many is refused", "[config]") {
  REQUIRE(scheduler_error(words("tcp://a:1 tcp://b:1")) ==
          "'tcp://b:1' is one word too many (--help shows the usage)");
}

TEST_CASE("a missing file is one line with its path", "[config]") {
  REQUIRE(scheduler_error(words("-c nowhere.toml")) == "nowhere.toml: No such file or directory");
}

TEST_CASE("a syntax error in TOML is file, line, column and reason", "[config]") {
  REQUIRE(scheduler_error(words("-c f"), "[scheduler\n").find("f:1:11: ") == 0);
}

TEST_CASE("a wrong value in TOML is file, line, key and reason", "[config]") {
  REQUIRE(
      scheduler_error(words("-c f"), head + "client_timeout_seconds = 'abc'\n") ==
      "f:3: client_timeout_seconds: 'abc' is not allowed (a whole number of seconds, at least 1)");
  REQUIRE(scheduler_error(words("-c f"), head + "client-timeout-seconds = 0\n") ==
          "f:3: client-timeout-seconds: 0 is not allowed (a whole number of seconds, at least 1)");
  REQUIRE(
      scheduler_error(words("-c f"), head + "client_timeout_seconds = [1]\n") ==
      "f:3: client_timeout_seconds: an array is not allowed (a whole number of seconds, at least "
      "1)");
  REQUIRE(scheduler_error(words("-c f"), head + "policy_content = 1.5\n") ==
          "f:3: policy_content: a number with a point is not allowed (text)");
  REQUIRE(scheduler_error(words("-c f"), head + "logging_level = 'LOUD'\n")
              .find("f:3: logging_level: ") == 0);
}

TEST_CASE("a key given twice in two spellings is refused", "[config]") {
  REQUIRE(scheduler_error(words("-c f"), head + "io_threads = 1\nio-threads = 2\n")
              .find("given before in line") != std::string::npos);
}

TEST_CASE("a second section where one is expected is refused", "[config]") {
  REQUIRE(scheduler_error(words("-c f"), "[[scheduler]]\n[[scheduler]]\n") ==
          "f:2: a second [[scheduler]] section, where one is expected");
}

TEST_CASE("an unknown key is a warning with file, line, section and the nearest key", "[config]") {
  const auto notes = notes_of(head + "client_timout_seconds = 5\n");
  REQUIRE(notes.size() == 1);
  REQUIRE(notes[0].level == log::Level::warning);
  REQUIRE(notes[0].text ==
          "f:3: client_timout_seconds: unknown key in [scheduler], ignored (did you mean "
          "client_timeout_seconds?)");
}

TEST_CASE("an older key beside the present one is ignored with a warning", "[config]") {
  const auto notes = notes_of(head + "scheduler_address = 'tcp://b:9'\n");
  REQUIRE(notes.size() == 1);
  REQUIRE(notes[0].text ==
          "f:3: scheduler_address: ignored, since bind_address in line 2 says the same");
}

TEST_CASE("an unknown section is told in one line, and a loose key in another", "[config]") {
  const auto notes = notes_of("loose = 1\n" + head + "[schedulr]\n[gui]\n");
  REQUIRE(notes.size() == 2);
  REQUIRE(notes[0].text == "f:1: loose: outside any section, ignored");
  REQUIRE(notes[1].level == log::Level::info);
  REQUIRE(notes[1].text ==
          "f:4: section [schedulr] is read by no command (did you mean [scheduler]?)");
}

TEST_CASE("a wrong policy is a usage error before anything is bound", "[config]") {
  REQUIRE(scheduler_error({"tcp://a:1", "-pc", "allocate=even_load"})
              .find("--policy-content: 'allocate=even_load' lacks scaling") == 0);
  REQUIRE(
      scheduler_error({"tcp://a:1", "-et", "waterfall_v1"}).find("--policy-content: line 1: ") ==
      0);
  REQUIRE(scheduler_error(words("-c f"), head + "policy_content = 'allocate=x; scaling=no'\n") ==
          "f:3: policy_content: allocate: 'x' is not allowed (one of even_load, capability)");
}

TEST_CASE("older and present policy options do not mix", "[config]") {
  REQUIRE(scheduler_error({"tcp://a:1", "-ap", "even", "-pc", "allocate=even_load; scaling=no"}) ==
          "--allocate-policy: the policy options say the same; give only one of the two");
  REQUIRE(scheduler_error(words("tcp://a:1 -scs FIXED_ELASTIC")).find("HTTP worker adapters") !=
          std::string::npos);
  REQUIRE(scheduler_error(words("tcp://a:1 -awu nohost")).find("a URL has a scheme and a host") !=
          std::string::npos);
}

TEST_CASE("a kind is missing, unknown or not in the file", "[config]") {
  const std::string kinds = "baremetal_native, symphony, aws_raw_ecs, aws_hpc, orb_aws_ec2";
  REQUIRE(native_error("-c f") == "the kind is missing (one of " + kinds + ")");
  REQUIRE(native_error("baremetal_nativ tcp://a:1") ==
          "unknown kind 'baremetal_nativ' (did you mean baremetal_native? one of " + kinds + ")");
  REQUIRE(native_error("symphony -c f", "[[worker_manager]]\ntype = 'Symphony'\n") ==
          "f: no [[worker_manager]] section with type = \"symphony\"");
}

TEST_CASE("a fixed number of workers cannot be without limit", "[config]") {
  REQUIRE(native_error("baremetal_native tcp://a:1 -wmi x --mode fixed -mtc -1") ==
          "--max-task-concurrency: -1 is not allowed with a fixed number of workers (at least 0)");
  const FakeMachine machine;
  REQUIRE(
      parse_worker_manager(words("baremetal_native tcp://a:1 -wmi x -mtc -1"), machine.machine()));
}

TEST_CASE("a cluster has as many names as workers", "[config]") {
  const FakeMachine machine;
  REQUIRE(error_of(parse_cluster(words("tcp://a:1 -n 3 -wn a,b"), machine.machine())) ==
          "--worker-names: 2 names for 3 workers (--num-of-workers)");
}

TEST_CASE("a heartbeat too slow for the scheduler is a warning", "[config]") {
  const FakeMachine machine;
  const auto parsed =
      parse_worker_manager(words("baremetal_native tcp://a:1 -wmi x -his 11"), machine.machine());
  REQUIRE(parsed->notes.size() == 1);
  REQUIRE(parsed->notes[0].text.find("--heartbeat-interval-seconds: a scheduler forgets") == 0);
}

TEST_CASE("a gui's address has a host and a port", "[config]") {
  const FakeMachine machine;
  for (const char* wrong : {"nohost", ":80", "h:0", "h:65536", "h:x"}) {
    const auto parsed =
        parse_gui(test::Words{"tcp://a:1", "--gui-address", wrong}, machine.machine());
    REQUIRE(error_of(parsed).find("--gui-address: ") == 0);
  }
  REQUIRE(parse_gui(words("tcp://a:1 --gui-address ::1:80"), machine.machine()));
}

TEST_CASE("a top's timeout is a number of seconds above zero", "[config]") {
  const FakeMachine machine;
  for (const char* wrong : {"0", "-1", "nan", "inf", "x", ""})
    REQUIRE_FALSE(parse_top(test::Words{"tcp://a:1", "-t", wrong}, machine.machine()));
  REQUIRE(options_of(parse_top(words("tcp://a:1 -t 2.5"), machine.machine()))->timeout_seconds ==
          2.5);
}
