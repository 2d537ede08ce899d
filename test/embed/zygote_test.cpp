#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/wait.h>
#include <unistd.h>

#include "embed/fake_agent.hpp"

namespace scaler::embed {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

// A zygote that is ready, and one processor of it.
struct Env {
  explicit Env(ZygoteOptions options = {}, std::vector<std::string> environment = {})
      : agent(std::move(options), std::move(environment)) {
    REQUIRE_THAT(agent.hear_zygote(), StartsWith("R3."));
    seat = agent.start_processor();
  }
  FakeAgent agent;
  std::unique_ptr<FakeSeat> seat;
};

std::string pickled_seven() { return std::string("\x80\x05K\x07.", 5); }

// The text of a result that is a short str, as pickle protocol 5 has it.
std::string answer_text(const agent::TaskFinished& answer) {
  INFO(answer.failure);
  REQUIRE_FALSE(answer.failed);
  const std::string payload(answer.payload.text());
  const std::size_t opcode = payload.find('\x8c');
  REQUIRE(opcode != std::string::npos);
  return payload.substr(opcode + 2, static_cast<unsigned char>(payload[opcode + 1]));
}

std::string read_file(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Whether the main thread waits in read(2): that is where a suspended processor waits, and a
// sleeping task does not.
bool is_reading(pid_t pid) {
  return read_file("/proc/" + std::to_string(pid) + "/syscall").starts_with("0 ");
}

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "scaler-embed-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

}  // namespace

TEST_CASE("a processor runs tasks and answers with pickled results", "[embed]") {
  Env env;
  REQUIRE(env.seat->pid > 0);
  REQUIRE_THAT(env.seat->python_version, StartsWith("3."));
  const auto answer = evaluate(*env.seat, "3 + 4");
  REQUIRE(answer.id == task_id(1));
  REQUIRE_FALSE(answer.failed);
  REQUIRE(answer.payload.text() == pickled_seven());
  REQUIRE(answer.failure.empty());
}

TEST_CASE("an exception travels as a pickle, and its traceback as text for the log", "[embed]") {
  Env env;
  const auto answer = evaluate(*env.seat, "1 / 0");
  REQUIRE(answer.failed);
  REQUIRE_THAT(std::string(answer.payload.text()), Contains("ZeroDivisionError"));
  REQUIRE_THAT(answer.failure, StartsWith("ZeroDivisionError: division by zero\nTraceback"));
  REQUIRE(evaluate(*env.seat, "7").payload.text() == pickled_seven());
}

TEST_CASE("what would end an interpreter ends the task only, and says what it was", "[embed]") {
  Env env;
  const std::string raises[] = {"sys.exit(3)", "raise KeyboardInterrupt", "raise GeneratorExit"};
  const std::string names[] = {"SystemExit: 3", "KeyboardInterrupt", "GeneratorExit"};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto answer = execute(*env.seat, "import sys; " + raises[i]);
    REQUIRE(answer.failed);
    REQUIRE_THAT(std::string(answer.payload.text()), Contains("ProcessorDiedError"));
    REQUIRE_THAT(answer.failure, Contains(names[i]));
  }
  REQUIRE(evaluate(*env.seat, "7").payload.text() == pickled_seven());
}

TEST_CASE("a task that ends the process ends the channel, and the agent reaps its child",
          "[embed]") {
  Env env;
  run_text(*env.seat, "exec", "import os; os._exit(5)");
  REQUIRE(env.seat->ended());
  const int status = FakeAgent::wait_status_of(env.seat->pid);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 5);
}

TEST_CASE("output is streamed in whole lines, and the rest when the task ends", "[embed]") {
  Env env;
  run_text(*env.seat, "exec",
           "import sys\nprint('a', 1)\nprint('b', file=sys.stderr)\nprint('c', end='')", true, 9);
  const auto first = std::get<agent::TaskOutput>(env.seat->hear());
  REQUIRE(first.id == task_id(9));
  REQUIRE(first.text == "a 1\n");
  REQUIRE_FALSE(first.is_stderr);
  const auto second = std::get<agent::TaskOutput>(env.seat->hear());
  REQUIRE(second.text == "b\n");
  REQUIRE(second.is_stderr);
  REQUIRE(std::get<agent::TaskOutput>(env.seat->hear()).text == "c");
  REQUIRE(finished(*env.seat).id == task_id(9));
}

TEST_CASE("an object is unpickled once and shared by later tasks until it is forgotten",
          "[embed]") {
  Env env;
  env.seat->tell(
      agent::GiveSerializer{Bytes::copy_of(client), Bytes::copy_of(default_serializer())});
  env.seat->tell(agent::GiveObject{object_id(1), Bytes::copy_of(pickled_name("builtins", "id"))});
  env.seat->tell(agent::GiveObject{object_id(2), Bytes::copy_of("(lp0\n.")});  // a list
  const agent::RunTask task{task_id(1), Bytes::copy_of(client), 0,
                            false,      object_id(1),           {object_id(2)}};
  env.seat->tell(task);
  env.seat->tell(task);
  const auto first = finished(*env.seat);
  REQUIRE_FALSE(first.failed);
  REQUIRE(first.payload == finished(*env.seat).payload);
  env.seat->tell(agent::ForgetObjects{{object_id(2)}});
  env.seat->tell(task);
  const auto gone = finished(*env.seat);
  REQUIRE(gone.failed);
  REQUIRE_THAT(gone.failure, Contains("was not given"));
}

TEST_CASE("what cannot be unpickled fails its task with a clear text", "[embed]") {
  Env env;
  env.seat->tell(
      agent::GiveSerializer{Bytes::copy_of(client), Bytes::copy_of(default_serializer())});
  env.seat->tell(agent::GiveObject{object_id(1), Bytes::copy_of(pickled_name("no.such", "f"))});
  env.seat->tell(agent::RunTask{task_id(1), Bytes::copy_of(client), 0, false, object_id(1), {}});
  const auto answer = finished(*env.seat);
  REQUIRE(answer.failed);
  REQUIRE_THAT(answer.failure, Contains("failed to deserialize 0101"));
  REQUIRE_THAT(answer.failure, Contains("No module named 'no'"));

  env.seat->tell(agent::GiveSerializer{Bytes::copy_of("Client|other"), Bytes::copy_of("garbage")});
  env.seat->tell(
      agent::RunTask{task_id(2), Bytes::copy_of("Client|other"), 0, false, object_id(1), {}});
  REQUIRE_THAT(finished(*env.seat).failure,
               Contains("failed to deserialize the client's serializer"));
  REQUIRE(evaluate(*env.seat, "7").payload.text() == pickled_seven());
}

TEST_CASE("a signal suspends a running task until the agent resumes it", "[embed]") {
  Env env;
  run_text(*env.seat, "exec",
           "import time\nprint('on', flush=True)\nwhile True:\n  print('.', flush=True)\n  "
           "time.sleep(0.01)\n",
           true);
  env.seat->hear();
  kill(env.seat->pid, SIGUSR1);
  while (!is_reading(env.seat->pid))
    if (!env.seat->silent_for(1ms)) env.seat->hear();
  while (!env.seat->silent_for(0ms)) env.seat->hear();  // what was on its way
  REQUIRE(env.seat->silent_for(100ms));
  env.seat->resume();
  REQUIRE(std::get<agent::TaskOutput>(env.seat->hear()).text == ".\n");
}

TEST_CASE("a resume that comes before its suspension is not lost", "[embed]") {
  Env env;
  env.seat->resume();
  kill(env.seat->pid, SIGUSR1);
  REQUIRE(evaluate(*env.seat, "7").payload.text() == pickled_seven());
  kill(env.seat->pid, SIGUSR1);
  run_text(*env.seat, "eval", "7");
  REQUIRE(env.seat->silent_for(300ms));
  env.seat->resume();
  REQUIRE_FALSE(finished(*env.seat).failed);
}

TEST_CASE("an idle processor ends in order at SIGTERM and at the channel's end", "[embed]") {
  const Folder folder;
  const std::string mark = (folder.path / "mark").string();
  Env env;
  const auto at_exit = [&](FakeSeat& seat) {
    execute(seat,
            "import atexit; atexit.register(lambda: open('" + mark + "', 'a').write('bye '))");
  };
  at_exit(*env.seat);
  kill(env.seat->pid, SIGTERM);
  REQUIRE(std::holds_alternative<agent::ProcessorLeaves>(env.seat->hear()));
  REQUIRE(env.seat->ended());
  REQUIRE(FakeAgent::wait_status_of(env.seat->pid) == 0);
  REQUIRE(read_file(mark) == "bye ");

  auto other = env.agent.start_processor();
  at_exit(*other);
  other->hang_up();
  REQUIRE(FakeAgent::wait_status_of(other->pid) == 0);
  REQUIRE(read_file(mark) == "bye bye ");
}

TEST_CASE("preload calls its function in every processor before it is ready", "[embed]") {
  const Folder folder;
  std::ofstream(folder.path / "warm.py")
      << "import os\nlog = []\ndef up(n, *, k): log.append(n + k)\n";
  Env env({.preload = "warm:up(3, k=4)"}, {"PYTHONPATH=" + folder.path.string()});
  REQUIRE(evaluate(*env.seat, "__import__('warm').log[0]").payload.text() == pickled_seven());
}

TEST_CASE("a preload that fails is told to the agent, and the processor ends", "[embed]") {
  FakeAgent agent({.preload = "builtins:no_such_function"});
  REQUIRE_THAT(agent.hear_zygote(), StartsWith("R"));
  auto seat = agent.fork_processor();
  const auto started = std::get<agent::ProcessorStarted>(seat->hear());
  const auto failed = std::get<agent::ProcessorFailed>(seat->hear());
  REQUIRE_THAT(failed.reason, Contains("builtins:no_such_function"));
  REQUIRE_THAT(failed.reason, Contains("failed to find attribute"));
  REQUIRE(seat->ended());
  const int status = FakeAgent::wait_status_of(static_cast<pid_t>(started.pid));
  REQUIRE(WEXITSTATUS(status) == 1);
}

TEST_CASE("a zygote that cannot start says why in one line", "[embed]") {
  FakeAgent agent({.python_env = "/nonexistent"});
  REQUIRE_THAT(agent.hear_zygote(), StartsWith("X/nonexistent is not a virtual environment"));
  REQUIRE(agent.exit_code_of_zygote() == 1);
}

TEST_CASE("a zygote survives a malformed request and ends with the control socket", "[embed]") {
  FakeAgent agent;
  REQUIRE_THAT(agent.hear_zygote(), StartsWith("R"));
  agent.send_zygote("nonsense");
  REQUIRE_THAT(agent.hear_zygote(), StartsWith("E"));
  auto seat = agent.start_processor();
  REQUIRE(evaluate(*seat, "7").payload.text() == pickled_seven());
  REQUIRE(agent.exit_code_of_zygote() == 0);
}

TEST_CASE("a task sees the processor it runs in, through whichever package is installed",
          "[embed]") {
  const char* environment = std::getenv("SCALER_TEST_VENV");
  Env env({.scheduler_address = "tcp://127.0.0.1:5", .python_env = environment ? environment : ""});
  const std::string processor =
      "__import__('scaler.worker.agent.processor.processor', fromlist=['Processor'])"
      ".Processor.get_current_processor()";
  const auto address = evaluate(*env.seat, processor + ".scheduler_address().to_address()");
  REQUIRE(answer_text(address) == "tcp://127.0.0.1:5");
  REQUIRE(answer_text(evaluate(*env.seat, processor + ".current_task().metadata.hex()")) ==
          "010000000300");
}

TEST_CASE("an environment without any package gets the carried ones", "[embed]") {
  const Folder folder;
  const std::string environment = (folder.path / "env").string();
  if (std::system(("/usr/bin/python3 -m venv --without-pip " + environment).c_str()) != 0) {
    WARN("skipped: python3 -m venv does not work here");
    return;
  }
  Env env({.python_env = environment});
  REQUIRE(answer_text(evaluate(*env.seat, "__import__('sys').prefix")) == environment);
  REQUIRE(answer_text(evaluate(*env.seat, "__import__('cloudpickle').__spec__.origin")) ==
          "<scaler>/cloudpickle/__init__.py");
  REQUIRE(answer_text(evaluate(*env.seat, "__import__('scaler').__spec__.origin")) ==
          "<scaler>/scaler/__init__.py");
  const auto failed = evaluate(*env.seat, "1 / 0");
  REQUIRE_THAT(std::string(failed.payload.text()), Contains("tblib"));
}

TEST_CASE("processes that a task starts are ordinary ones", "[embed]") {
  Env env;
  REQUIRE(
      answer_text(evaluate(
          *env.seat,
          "str(__import__('multiprocessing').get_context('fork').Pool(2).map(abs, [-1, 2]))")) ==
      "[1, 2]");
  REQUIRE(answer_text(evaluate(
              *env.seat,
              "str(__import__('multiprocessing').get_context('spawn').Pool(1).map(abs, [-1]))")) ==
          "[1]");
  const auto forked = execute(*env.seat,
                              "import os, signal, time\n"
                              "pid = os.fork()\n"
                              "if pid == 0:\n  time.sleep(20)\n  os._exit(9)\n"
                              "os.kill(pid, signal.SIGTERM)\n"
                              "assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGTERM\n"
                              "pid = os.fork()\n"
                              "if pid == 0:\n  raise SystemExit(3)\n"
                              "assert os.WEXITSTATUS(os.waitpid(pid, 0)[1]) == 3\n"
                              "pid = os.fork()\n"
                              "if pid:\n  assert os.waitpid(pid, 0)[1] == 0\n");
  INFO(forked.failure);
  REQUIRE_FALSE(forked.failed);
  REQUIRE(answer_text(evaluate(*env.seat, "'still ' + 'here'")) == "still here");
}

TEST_CASE("a child that a task leaves behind does not hide the processor's end", "[embed]") {
  Env env;
  run_text(*env.seat, "exec",
           "import os, time\n"
           "if os.fork() == 0:\n  time.sleep(5)\n  os._exit(0)\n"
           "os._exit(7)\n");
  REQUIRE(env.seat->ended());
  REQUIRE(WEXITSTATUS(FakeAgent::wait_status_of(env.seat->pid)) == 7);
}

TEST_CASE("a processor dies with its agent, busy or not", "[embed]") {
  Env env;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t other_agent = fork();
  if (other_agent == 0) {  // an agent that is killed while its processor works
    FakeAgent agent;
    agent.hear_zygote();
    auto seat = agent.start_processor();
    run_text(*seat, "exec", "while True: pass");
    [[maybe_unused]] const auto told = write(ends[1], &seat->pid, sizeof seat->pid);
    raise(SIGKILL);
  }
  pid_t processor = 0;
  REQUIRE(read(ends[0], &processor, sizeof processor) == sizeof processor);
  FakeAgent::wait_status_of(other_agent);
  const int status =
      FakeAgent::wait_status_of(processor);  // it is ours now: we are a subreaper, too
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("a processor leads a process group of its own", "[embed]") {
  Env env;
  REQUIRE(getpgid(env.seat->pid) == env.seat->pid);
  REQUIRE(getpgid(env.agent.zygote()) == env.agent.zygote());
}

TEST_CASE("the zygote of an agent that died ends what the agent's tasks left running", "[embed]") {
  Env env;  // it makes us a subreaper
  const Folder folder;
  const std::string told = folder.path / "pid";
  const pid_t other_agent = fork();
  if (other_agent == 0) {
    FakeAgent agent({}, {std::string(agent::worker_mark_variable) + "=of this agent"});
    agent.hear_zygote();
    auto seat = agent.start_processor();
    execute(*seat,
            "import os, subprocess\nchild = subprocess.Popen(['sleep', '1000'], "
            "preexec_fn=os.setpgrp)\nopen('" +
                told + "', 'w').write(f'{os.getpid()} {child.pid}')");
    raise(SIGKILL);
  }
  REQUIRE(WTERMSIG(FakeAgent::wait_status_of(other_agent)) == SIGKILL);
  pid_t processor = 0, left = 0;
  std::ifstream(told) >> processor >> left;
  FakeAgent::wait_status_of(processor);  // one after the other they become ours
  const int status = FakeAgent::wait_status_of(left);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGTERM);
}

TEST_CASE("a task's processor time and memory are measured where it runs", "[embed]") {
  Env env;
  const auto small = evaluate(*env.seat, "7");
  const auto large = evaluate(*env.seat, "len(bytearray(b'x') * 100_000_000)");
  REQUIRE(large.memory_peak_bytes > 90'000'000);
  REQUIRE(large.memory_peak_bytes < 400'000'000);
  REQUIRE(small.memory_peak_bytes < 90'000'000);
  REQUIRE(evaluate(*env.seat, "sum(range(300_000))").cpu_seconds > small.cpu_seconds);
}

TEST_CASE("a task above its processor time fails in order, and the next task runs", "[embed]") {
  Env env({.cpu_limit = 1});
  const auto answer = execute(*env.seat, "while True: pass");
  REQUIRE(answer.failed);
  REQUIRE_THAT(answer.failure,
               StartsWith("TimeoutError: the task used more processor time than task_cpu_limit=1 "
                          "seconds\n"));
  REQUIRE(evaluate(*env.seat, "7").payload.text() == pickled_seven());
}

TEST_CASE("a task that does not heed its processor time limit ends its process by that signal",
          "[embed]") {
  Env env({.cpu_limit = 1});
  run_text(
      *env.seat, "exec",
      "def spin():\n  while True: pass\nwhile True:\n  try: spin()\n  except TimeoutError: pass\n");
  REQUIRE(env.seat->ended());
  const int status = FakeAgent::wait_status_of(env.seat->pid);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGXCPU);
}

TEST_CASE("processor time is counted for each task by itself, and only while it runs", "[embed]") {
  Env env({.cpu_limit = 1});
  const std::string most_of_it =
      "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass";
  for (int i = 0; i < 2; ++i) REQUIRE_FALSE(execute(*env.seat, most_of_it).failed);
}

TEST_CASE("logging in a task has the documented form, in the file of the processor", "[embed]") {
  const Folder folder;
  const std::string path = (folder.path / "worker.log").string();
  Env env({.log_level = "WARNING", .log_paths = {path}});
  execute(*env.seat, "import logging; logging.info('no'); logging.error('yes')");
  const std::string text = read_file(path + "-" + std::to_string(env.seat->pid));
  REQUIRE_THAT(text, StartsWith("[EROR]2"));
  REQUIRE_THAT(text, Contains(": yes\n"));
  REQUIRE_THAT(text, !Contains("no"));
}

TEST_CASE("a payload of 200 MB goes in and out whole", "[embed]") {
  constexpr std::size_t size = std::size_t{200} << 20;
  Env env;
  Buffer payload(size + 16);
  const char head[] = {'\x80', '\x05', 'B', 0, 0, '\x80', '\x0c'};  // BINBYTES, 0x0c800000 bytes
  payload.append(as_bytes({head, sizeof head}));
  std::memset(payload.spare().data(), 'x', size);
  payload.commit(size);
  payload.append(as_bytes("."));
  env.seat->tell(
      agent::GiveSerializer{Bytes::copy_of(client), Bytes::copy_of(default_serializer())});
  env.seat->tell(
      agent::GiveObject{object_id(1), Bytes::copy_of(pickled_name("builtins", "bytes"))});
  env.seat->tell(agent::GiveObject{object_id(2), std::move(payload).freeze()});
  env.seat->tell(
      agent::RunTask{task_id(1), Bytes::copy_of(client), 0, false, object_id(1), {object_id(2)}});
  const auto answer = finished(*env.seat);
  REQUIRE_FALSE(answer.failed);
  REQUIRE(answer.payload.size() > size);
  REQUIRE(answer.payload.text().find_first_not_of('x', 64) >= size);
}

}  // namespace scaler::embed
