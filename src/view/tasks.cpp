#include <fmt/format.h>

#include "scaler/view/answers.hpp"
#include "view/json_object.hpp"
#include "view/words.hpp"

namespace scaler::view {
namespace {

using scheduler::Cause;
using scheduler::DrainAnswer;
using scheduler::DrainResult;
using scheduler::Explanation;
using scheduler::Standing;
using scheduler::TaskLine;
using scheduler::TaskList;

std::string json_of(const TaskLine& task) {
  return JsonObject()
      .text("id", task.id.hex())
      .text("state", name_of(task.standing))
      .text("function", printable(task.function.text()))
      .text("client", printable(task.client.text()))
      .text("worker", printable(task.worker.text()))
      .text("asks_for", capabilities_text(task.asks_for))
      .take();
}

std::string tasks_text(const TaskList& list) {
  std::string text;
  if (!list.tasks.empty()) {
    Rows rows = {{"task", "state", "function", "client", "worker", "asks for"}};
    for (const TaskLine& task : list.tasks)
      rows.push_back({task.id.hex(), std::string(name_of(task.standing)),
                      printable(task.function.text()), printable(task.client.text()),
                      printable(task.worker.text()), capabilities_text(task.asks_for)});
    text = columns(rows);
  }
  return text + fmt::format("{} shown of {}{}\n", list.tasks.size(),
                            plural(list.unfinished, "unfinished task"),
                            list.complete ? "" : "; there may be more (--limit)");
}

// ---- why ----

std::string cause_text(const Explanation& why) {
  const std::string present = plural(why.workers_present, "worker");
  switch (why.cause) {
    case Cause::no_workers:
      return "no worker is connected";
    case Cause::nobody_offers:
      return fmt::format("no worker offers {} ({} connected)", listed(why.missing), present);
    case Cause::nobody_offers_all:
      return fmt::format("no single worker offers all of {} ({} connected)",
                         capabilities_text(why.asks_for), present);
    case Cause::nobody_takes_tasks:
      return fmt::format(
          "every worker that could run it is draining, away for a moment or takes "
          "no tasks ({} connected)",
          present);
    case Cause::all_full:
      return fmt::format("the queues of all {} that can run it are full",
                         plural(why.workers_suitable, "worker"));
    case Cause::hand_back:
      return "the tasks of a lost worker are put back first";
    case Cause::turn_is_near:
      return fmt::format("its turn is near: {} of {} have room",
                         why.workers_suitable - why.workers_full,
                         plural(why.workers_suitable, "worker"));
  }
  return {};
}

std::string ahead_text(const Explanation& why) {
  if (why.ahead == 0) return "nothing is before it in its queue";
  std::string text = fmt::format("{}{} before it in its queue",
                                 why.ahead_is_exact ? "" : "more than ", plural(why.ahead, "task"));
  return text + fmt::format(", {} of client {}",
                            why.ahead_of_client == why.ahead
                                ? "all"
                                : fmt::format("{}", why.ahead_of_client),
                            printable(why.ahead_client.text()));
}

std::string held_text(const Explanation& why) {
  std::string text = fmt::format("worker {} has it", printable(why.worker.text()));
  if (why.standing == Standing::canceling) text += " and was asked to drop it";
  if (why.standing == Standing::balance_canceling) text += " and was asked to give it back";
  if (why.has_started)
    text += "; it runs";
  else if (why.before_it > 0)
    text += fmt::format("; {} given to it earlier {} not finished{}", plural(why.before_it, "task"),
                        why.before_it == 1 ? "is" : "are",
                        why.processors == 0  // it has not said yet
                            ? ""
                            : ", with " + plural(why.processors, "processor"));
  if (why.worker_is_away) text += "; its connection closed a moment ago";
  if (why.worker_drains) text += "; it is being drained";
  return text;
}

std::vector<std::string> inputs_of(const Explanation& why) {
  std::vector<std::string> ids;
  for (const TaskId& id : why.inputs) ids.push_back(id.hex());
  return ids;
}

std::string inputs_text(const Explanation& why) {
  return fmt::format("{} of graph {} {} not there yet: {}{}", plural(why.inputs_missing, "input"),
                     why.graph.hex(), why.inputs_missing == 1 ? "is" : "are",
                     listed(inputs_of(why)),
                     why.inputs.size() < why.inputs_missing ? " and others" : "");
}

std::vector<std::string> reasons_of(const Explanation& why) {
  switch (why.standing) {
    case Standing::unknown:
      return {"this scheduler has no such task: it never came, or it has ended"};
    case Standing::waiting:
      return {cause_text(why), ahead_text(why)};
    case Standing::waits_for_inputs:
      return {inputs_text(why)};
    case Standing::graph:
      return {fmt::format("{} of {} are not finished; {} of them are in a queue or on a worker",
                          why.nodes_unfinished, plural(why.nodes, "node"), why.nodes_active)};
    case Standing::running:
    case Standing::canceling:
    case Standing::balance_canceling:
      return {held_text(why)};
  }
  return {};
}

std::string explanation_text(const Explanation& why) {
  Rows rows = {{"task", why.id.hex()}, {"state", std::string(name_of(why.standing))}};
  if (!why.function.empty()) rows.push_back({"function", printable(why.function.text())});
  if (!why.client.empty()) rows.push_back({"client", printable(why.client.text())});
  if (!why.asks_for.empty()) rows.push_back({"asks for", capabilities_text(why.asks_for)});
  const char* label = "because";
  for (std::string& reason : reasons_of(why)) {
    rows.push_back({label, std::move(reason)});
    label = "";
  }
  if (why.reruns > 0)
    rows.push_back(
        {"reruns", fmt::format("lost its worker {} of {} times", why.reruns, why.reruns_max)});
  return columns(rows);
}

std::string explanation_json(const Explanation& why) {
  const auto text = [](const std::string& word) { return json::quoted(word); };
  JsonObject object;
  object.text("id", why.id.hex())
      .text("state", name_of(why.standing))
      .text("function", printable(why.function.text()))
      .text("client", printable(why.client.text()))
      .text("asks_for", capabilities_text(why.asks_for))
      .raw("because", json_array(reasons_of(why), text))
      .number("reruns", why.reruns);
  if (why.standing == Standing::waiting)
    object.raw("missing", json_array(why.missing, text))
        .number("workers_suitable", why.workers_suitable)
        .number("workers_full", why.workers_full)
        .number("ahead", why.ahead);
  if (!why.worker.empty())
    object.text("worker", printable(why.worker.text())).number("before_it", why.before_it);
  if (why.standing == Standing::waits_for_inputs)
    object.text("graph", why.graph.hex()).raw("inputs", json_array(inputs_of(why), text));
  return object.take() + '\n';
}

// ---- drain ----

constexpr std::string_view goes_when_idle = "It gets no more, and goes when it is idle.";

std::string drain_text(const DrainAnswer& answer, std::string_view wanted) {
  const std::string worker = printable(answer.worker.text());
  switch (answer.result) {
    case DrainResult::begun:
      return fmt::format("worker {} is asked to give {} back. {}\n", worker,
                         plural(answer.asked_back, "task"), goes_when_idle);
    case DrainResult::already:
      return fmt::format("worker {} is being drained already. {}\n", worker, goes_when_idle);
    case DrainResult::idle:
      return fmt::format("worker {} is idle and goes.\n", worker);
    case DrainResult::no_such_worker:
      return fmt::format("no worker's id holds '{}'\n", printable(wanted));
    case DrainResult::several:
      break;
  }
  std::string text = fmt::format("'{}' fits several workers:", printable(wanted));
  for (const Bytes& candidate : answer.candidates)
    text += fmt::format(" {}", printable(candidate.text()));
  return text + '\n';
}

std::string_view name_of(DrainResult result) {
  constexpr std::string_view names[] = {"begun", "already", "idle", "no_such_worker", "several"};
  return names[static_cast<std::size_t>(result)];
}

}  // namespace

std::string tasks_answer(const TaskList& list, Form form) {
  if (form == Form::text) return tasks_text(list);
  return JsonObject()
             .raw("tasks",
                  json_array(list.tasks, [](const TaskLine& task) { return json_of(task); }))
             .number("unfinished", list.unfinished)
             .truth("complete", list.complete)
             .take() +
         '\n';
}

std::string explanation_answer(const Explanation& explanation, Form form) {
  return form == Form::text ? explanation_text(explanation) : explanation_json(explanation);
}

std::string drain_answer(const DrainAnswer& answer, std::string_view wanted, Form form) {
  if (form == Form::text) return drain_text(answer, wanted);
  return JsonObject()
             .text("result", name_of(answer.result))
             .text("worker", printable(answer.worker.text()))
             .number("asked_back", answer.asked_back)
             .raw("candidates",
                  json_array(answer.candidates,
                             [](const Bytes& one) { return json::quoted(printable(one.text())); }))
             .take() +
         '\n';
}

}  // namespace scaler::view
