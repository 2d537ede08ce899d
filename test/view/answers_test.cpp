#include "scaler/view/answers.hpp"

#include <catch2/catch.hpp>

#include "view/bytes.hpp"
#include "view/words.hpp"

namespace scaler::view {

using scheduler::Cause;
using scheduler::DrainAnswer;
using scheduler::DrainResult;
using scheduler::Explanation;
using scheduler::Standing;

namespace {

TaskId id_of(unsigned char last) {
  TaskId id;
  id.bytes.back() = static_cast<std::byte>(last);
  return id;
}

Explanation waiting(Cause cause) {
  Explanation why;
  why.id = id_of(1);
  why.standing = Standing::waiting;
  why.cause = cause;
  why.workers_present = 4;
  return why;
}

bool says(const Explanation& why, std::string_view sentence) {
  const std::string text = explanation_answer(why, Form::text);
  INFO(text);
  return text.find(sentence) != std::string::npos;
}

wire::StateScheduler a_status() {
  wire::StateScheduler status;
  status.tasks = {{wire::TaskState::inactive, 2}, {wire::TaskState::failed, 0}};
  status.clients = {{bytes("Client|1"), 2}};
  status.managers = {{bytes("wm"), "m", 1, ~std::uint32_t{0}, "linux", 0}};
  status.managed_workers = {{bytes("wm"), {bytes("Worker|\x01")}}};
  wire::StateScheduler::WorkerStatus worker;
  worker.worker = bytes("Worker|\x01");
  worker.sent = 3;
  worker.free = 7;
  worker.agent = {5, 1'000'000};
  worker.processors = {{9, true, true, false, {1000, 2'000'000}}, {10, true, true, true, {500, 1}}};
  status.workers = {worker};
  return status;
}

}  // namespace

TEST_CASE("why a task waits is said in a sentence, with what it is about", "[view]") {
  REQUIRE(says(waiting(Cause::no_workers), "no worker is connected"));
  Explanation why = waiting(Cause::nobody_offers);
  why.missing = {"gpu", "tpu"};
  REQUIRE(says(why, "because  no worker offers gpu and tpu (4 workers connected)\n"));
  why = waiting(Cause::nobody_offers_all);
  why.asks_for = {{"gpu", -1}, {"cpu", 4}};
  REQUIRE(says(why, "no single worker offers all of gpu, cpu=4 (4 workers connected)"));
  why = waiting(Cause::all_full);
  why.workers_suitable = 1;
  REQUIRE(says(why, "the queues of all 1 worker that can run it are full"));
  why = waiting(Cause::turn_is_near);
  why.workers_suitable = 3;
  why.workers_full = 1;
  REQUIRE(says(why, "its turn is near: 2 of 3 workers have room"));
  REQUIRE(
      says(waiting(Cause::nobody_takes_tasks), "draining, away for a moment or takes no tasks"));
  REQUIRE(says(waiting(Cause::hand_back), "the tasks of a lost worker are put back first"));
}

TEST_CASE("who is before a task is said with the client that has most of it", "[view]") {
  Explanation why = waiting(Cause::all_full);
  REQUIRE(says(why, "nothing is before it in its queue"));
  why.ahead = 5;
  why.ahead_client = bytes("Client|x");
  why.ahead_of_client = 3;
  REQUIRE(says(why, "5 tasks before it in its queue, 3 of client Client|x"));
  why.ahead_of_client = 5;
  why.ahead_is_exact = false;
  REQUIRE(says(why, "more than 5 tasks before it in its queue, all of client Client|x"));
}

TEST_CASE("other standings are said too", "[view]") {
  Explanation why;
  REQUIRE(says(why, "it never came, or it has ended"));
  why.standing = Standing::running;
  why.worker = bytes("Worker|w");
  why.before_it = 2;
  REQUIRE(says(why, "worker Worker|w has it; 2 tasks given to it earlier are not finished\n"));
  why.before_it = 1;
  why.processors = 1;
  why.worker_drains = true;
  REQUIRE(says(why,
               "worker Worker|w has it; 1 task given to it earlier is not finished, with 1 "
               "processor; it is being drained"));
  why.standing = Standing::waits_for_inputs;
  why.inputs = {id_of(7)};
  why.inputs_missing = 2;
  REQUIRE(says(why,
               "2 inputs of graph 00000000000000000000000000000000 are not there yet: "
               "00000000000000000000000000000007 and others"));
  why.standing = Standing::graph;
  why.nodes = 9;
  why.nodes_unfinished = 4;
  REQUIRE(says(why, "4 of 9 nodes are not finished"));
}

TEST_CASE("a reason is JSON for programs, one line and nothing unquoted", "[view]") {
  Explanation why = waiting(Cause::nobody_offers);
  why.missing = {"g\"pu"};
  why.function = bytes("f\n");
  const std::string text = explanation_answer(why, Form::json);
  REQUIRE(text.find('\n') == text.size() - 1);
  REQUIRE(text.find("\"missing\":[\"g\\\"pu\"]") != std::string::npos);
  REQUIRE(text.find("\"function\":\"f\\\\x0a\"") != std::string::npos);
  REQUIRE(text.find("\"because\":[\"no worker offers g\\\"pu (4 workers connected)\",") !=
          std::string::npos);
}

TEST_CASE("a status tells tasks, clients and managers", "[view]") {
  const std::string text = status_answer(a_status(), Form::text);
  REQUIRE(text.find("tasks      2 waiting\n") != std::string::npos);
  REQUIRE(text.find("workers    1 worker with 3 tasks in hand, 7 places free\n") !=
          std::string::npos);
  REQUIRE(text.find("manager    wm  at most any number, heard 1 s ago\n") != std::string::npos);
  const std::string json = status_answer(a_status(), Form::json);
  REQUIRE(json.find("\"tasks\":{\"waiting\":2,\"failed\":0}") != std::string::npos);
  REQUIRE(json.find("\"clients\":[{\"id\":\"Client|1\",\"tasks\":2}]") != std::string::npos);
}

TEST_CASE("a worker's line sums its processors and says when it is drained", "[view]") {
  const std::vector<Bytes> draining = {bytes("Worker|\x01")};
  const std::string text = workers_answer(a_status(), draining, Form::text);
  REQUIRE(text.find("Worker|\\x01") != std::string::npos);
  REQUIRE(text.find("150.0%") != std::string::npos);
  REQUIRE(text.find("draining") != std::string::npos);
  REQUIRE(workers_answer(a_status(), {}, Form::text).find("draining") == std::string::npos);
  const std::string json = workers_answer(a_status(), draining, Form::json);
  REQUIRE(json.find("\"worker_manager_id\":\"wm\",\"draining\":true,\"tasks\":3") !=
          std::string::npos);
  REQUIRE(workers_answer({}, {}, Form::text) == "no workers\n");
  REQUIRE(workers_answer({}, {}, Form::json) == "{\"workers\":[]}\n");
}

TEST_CASE("names may be in any script, and steer no terminal", "[view]") {
  REQUIRE(printable("gr\u00f6\u00dfe \u5927") == "gr\u00f6\u00dfe \u5927");
  REQUIRE(printable("a\x1b[31m\n\x7f") == "a\\x1b[31m\\x0a\\x7f");
  REQUIRE(printable("\xc2\x9b\xe2\x80\xae\xff\xc3") == "\\xc2\\x9b\\xe2\\x80\\xae\\xff\\xc3");
  REQUIRE(columns({{"\u00f6", "x"}, {"\u5927", "y"}, {"abc", "z"}}) ==
          "\u00f6    x\n\u5927   y\nabc  z\n");
}

TEST_CASE("an answer from the wire keeps its lines and steers no terminal", "[view]") {
  REQUIRE(shown_answer("a\n\x1b[2Jb\n\n") == "a\n\\x1b[2Jb\n\n");
  REQUIRE(shown_answer("{\"a\":\"\\u001b\"}") == "{\"a\":\"\\u001b\"}");
  REQUIRE(shown_answer("").empty());
}

TEST_CASE("a kind of message that a peer names is JSON whatever it is", "[view]") {
  wire::StateScheduler status;
  status.received = {{"a\"b", 1}};
  REQUIRE(status_answer(status, Form::json).find("{\"a\\\"b\":1}") != std::string::npos);
}

TEST_CASE("a list of tasks says how much of all it is", "[view]") {
  scheduler::TaskList list;
  list.tasks = {{id_of(3), Standing::running, bytes("c"), bytes("w"), bytes("f"), {{"gpu", -1}}}};
  list.unfinished = 2;
  list.complete = false;
  REQUIRE(
      tasks_answer(list, Form::text)
          .ends_with("00000000000000000000000000000003  running  f         c       w       gpu\n"
                     "1 shown of 2 unfinished tasks; there may be more (--limit)\n"));
  REQUIRE(tasks_answer(list, Form::json)
              .ends_with("\"asks_for\":\"gpu\"}],\"unfinished\":2,\"complete\":false}\n"));
}

TEST_CASE("a drain says what becomes of the worker", "[view]") {
  DrainAnswer answer{DrainResult::begun, bytes("Worker|w"), 2, {}};
  REQUIRE(drain_answer(answer, "w", Form::text) ==
          "worker Worker|w is asked to give 2 tasks back. It gets no more, and goes when it is "
          "idle.\n");
  REQUIRE(drain_answer(answer, "w", Form::json) ==
          "{\"result\":\"begun\",\"worker\":\"Worker|w\",\"asked_back\":2,\"candidates\":[]}\n");
  answer = {DrainResult::several, {}, 0, {bytes("a1"), bytes("a2")}};
  REQUIRE(drain_answer(answer, "a", Form::text) == "'a' fits several workers: a1 a2\n");
  REQUIRE(drain_answer({}, "x\n", Form::text) == "no worker's id holds 'x\\x0a'\n");
}

}  // namespace scaler::view
